import ArgumentParser
import Prediction

/// Which finetuned model is meant: a run and its checkpoint, or a bundle.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The run directory, as undertone-train wrote it with --out.", valueName: "folder"))
    var run: String?

    @Option(
        help: ArgumentHelp(
            "The checkpoint that the run's features were cached from. (default: where it was then)", valueName: "model")
    )
    var model: String?

    @Option(
        help: ArgumentHelp(
            "In the place of a run and its checkpoint: a bundle, as undertone export wrote it.", valueName: "file"))
    var bundle: String?

    func validate() throws {
        switch (run, bundle) {
        case (nil, nil): throw ValidationError("neither --run nor --bundle is given; expected one of them")
        case (_?, _?): throw ValidationError("both --run and --bundle are given; expected one of them")
        default: break
        }
        if model != nil, bundle != nil {
            throw ValidationError("--model is given with --bundle, which holds its model; leave it out")
        }
    }

    /// - Throws: what opening a `FinetunedModel` throws.
    func open() throws -> FinetunedModel {
        try bundle.map(FinetunedModel.init(bundle:)) ?? FinetunedModel(run: run ?? "", model: model)
    }
}
