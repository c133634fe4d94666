import ArgumentParser
import Console
import Exports

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a trained model for other software, with a model card.",
        usage:
            "undertone export (--run <folder> [--model <model>] | --bundle <file>) --format <format> --output <folder>",
        discussion: """
            Adapters are merged, and the labels' scale is folded in, so that what comes out is in that scale.

              hf           a folder that transformers loads, of two of the head forms
              peft         low-rank adapters that peft loads on the checkpoint
              onnx         one graph from the waveform to the scores
              safetensors  all weights in one file, under Hugging Face's names
              bundle       one file that undertone predict --bundle takes

            Which run fits which format, and how each is used: docs/export.md.
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "What to write.")
    var format: ExportFormat

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The folder to write, made where it is not there.", valueName: "folder"))
    var output: String

    @Flag(help: "Write into a folder that is not empty; files of the same names are replaced.")
    var replace = false

    func run() {
        reportingFaults {
            let export = Export(try model.open(), as: format, into: output, version: Version.text)
            for file in try export.write(replace: replace) { print(file) }
        }
    }
}

extension ExportFormat: ExpressibleByArgument {}
