import Foundation
import LoopbackHub
import Testing

/// Somebody who types what the pages show, in a folder like a checkout, with a corpus, a model and recordings of their own.
///
/// The programs are those under test, and the shipped pipelines are the shipped ones but for their model and corpus: the tiny model of the
/// goldens, with wav2vec2-base's twelve layers, and seconds of sound. A hub on loopback has that model as `facebook/wav2vec2-base`, and
/// Slurm has stand-ins.
final class PageReader {
    /// What stands on a page for something of the reader's, and what it is here. The first that fits a text goes first; `@` is a number that
    /// is another each time.
    private struct Placeholder {
        var page: String?
        var text: String
        var meaning: String
    }

    private static let placeholders = [
        // A run in transformers' form fits that format, any run the others.
        Placeholder(text: "export --run RUN --format hf", meaning: "export --run RUN-hf --format hf"),
        Placeholder(text: "-o DIR", meaning: "-o exports/@"),
        Placeholder(
            text: "undertone-train … ",
            meaning: "undertone-train --cache all-cuts --out out/@ --set labels=[activation] "),
        Placeholder(text: "--model MODEL …", meaning: "--model MODEL --out out/@ --set labels=[activation]"),
        Placeholder(page: "docs/training.md", text: "--model MODEL --out RUN", meaning: "--model MODEL --out out/@"),
        Placeholder(text: "--model MODEL", meaning: "--model path/to/wav2vec2-base"),
        Placeholder(text: "--bundle FILE", meaning: "--bundle bundle/bundle.safetensors"),
        Placeholder(text: "compare RUN RUN [RUN …]", meaning: "compare RUN RUN-hf RUN"),
        Placeholder(text: "build/demo/cache-e0bf8327", meaning: "build/demo/cache-*/"),
        Placeholder(text: "build/study/cache-…", meaning: "build/study/cache-*/"),
        Placeholder(text: "generate.sh build/demo/corpus", meaning: "generate.sh build/spoken"),
        Placeholder(text: "[SEED]", meaning: "1"),
    ]

    let folder: Scratch
    private let hub: FakeHub
    private var count = 0
    private var used: Set<Int> = []

    init() throws {
        folder = try Scratch()
        hub = try FakeHub(
            ["config.json", "model.safetensors", "preprocessor_config.json"].map { name in
                let content = try Data(contentsOf: URL(filePath: "\(Pages.root)/Tests/Goldens/wav2vec2-tiny/\(name)"))
                return .init(name: name, content: content, isLarge: !name.hasSuffix("json"))
            }, repository: "facebook/wav2vec2-base")
        try writeCheckout()
        try writeBelongings()
        try writeCorpora()
        try writeRuns()
    }

    /// A page of a corpus is read in that corpus's folder, so that each has its own files.
    static func folder(of page: String) -> String { page == "data/csv.md" ? "csv" : "." }

    /// The placeholders that no page has any more.
    var unused: [String] { Self.placeholders.indices.filter { !used.contains($0) }.map { Self.placeholders[$0].text } }

    /// What the command on that page is here.
    func expand(_ command: String, on page: String) -> String {
        count += 1
        var command = command
        for (index, placeholder) in Self.placeholders.enumerated()
        where command.contains(placeholder.text) && [nil, page].contains(placeholder.page) {
            used.insert(index)
            command = command.replacing(placeholder.text, with: placeholder.meaning.replacing("@", with: "\(count)"))
        }
        return withoutSynopsis(command)
    }

    /// `[--option a|b]` as `--option a`, `[NAME=value …]` as `NAME=value`: what may be given is given.
    func withoutSynopsis(_ command: String) -> String {
        command.replacing(/\s\[((?:--?[a-z]|[A-Z]+=)[^\]]*)\]/) { " \($0.1.replacing(/\|\w+/, with: ""))" }
    }

    /// Has bash run the command, with the programs on the path.
    func type(_ command: String, as entry: PageEntry) throws -> Outcome {
        try type(command, in: Self.folder(of: entry.page))
    }

    @discardableResult
    private func type(_ command: String, in subfolder: String) throws -> Outcome {
        let script = """
            unset MAKEFLAGS MFLAGS MAKELEVEL HF_HUB_OFFLINE HF_TOKEN
            export HOME=$PWD/home PATH="$PWD/.build/release:$PWD/bin:$PATH" OMP_NUM_THREADS=2
            export HF_ENDPOINT=\(hub.server.address) no_proxy='*'
            cd \(subfolder)
            set -euo pipefail
            \(command)
            """
        return try Running(URL(filePath: "/bin/bash"), ["-c", script], in: folder).wait(seconds: 300)
    }

    private func prepare(_ command: String) throws {
        let outcome = try type(command, in: ".")
        try #require(outcome.code == 0, "\(command)\n\(outcome.said)")
    }

    /// What a checkout has after `make build`.
    private func writeCheckout() throws {
        for program in Program.allCases {
            try prepare("mkdir -p .build/release && ln -s '\(program.url.path)' .build/release/")
        }
        try prepare(
            """
            mkdir -p Sources home/.local/share/bash-completion/completions home/.zsh/completions home/.config/fish/completions
            ln -s '\(Pages.root)'/{Makefile,Package.swift,README.md,data,docs,scripts,Tests} .
            cp -r '\(Pages.root)/pipelines' pipelines && chmod -R u+w pipelines
            sed -i 's|^model: .*|model: path/to/fetched|' pipelines/*.yaml
            touch .build/release/.undertone-built
            """)
        try folder.write(
            "pipelines/study.yaml",
            """
            name: study
            corpus: path/to/manifest.csv
            model: path/to/fetched
            labels: [activation]
            cache: {cuts: [9]}
            train: {layers: 1, epochs: 2, batch: {utterances: 4}}
            sweep: {space: {optimiser.schedule: [linear, cosine]}, halving: {eta: 2, min_epochs: 1}}
            launcher: {slurm: {partition: cpu}}

            """)
        try folder.writeSlurmStandIns()
    }

    /// Recordings, manifests and a model. Labels lie between 0 and 1, as the demo's do.
    private func writeBelongings() throws {
        let splits = ["train", "development", "train", "test1", "train", "train"]
        for place in ["", "path/to/", "build/demo/corpus/"] {
            try prepare("mkdir -p './\(place)audio'")
            var rows = ["id,path,split,speaker,gender,activation,valence"]
            for index in 0..<18 {
                let name = index == 0 ? "en-gb-scotland-m5-03" : "s\(index % 6)_\(index)"
                try folder.write(
                    "\(place)audio/\(name).wav", Wave(frames: 4000 + 530 * index, pitchHz: 90 + 37 * index).bytes)
                rows.append(
                    "\(name),audio/\(name).wav,\(splits[index % 6]),s\(index % 6),\(["f", "m"][index % 2]),"
                        + "\(Double(1 + index * 7 % 10) / 11),\(Double(1 + index * 3 % 10) / 11)")
            }
            try folder.write("\(place)manifest.csv", rows.map { $0 + "\n" }.joined())
        }
        try prepare("mkdir -p models exports out && cp -r audio recordings")
        for name in ["more.wav", "talk.wav", "talk.mp4", "recording.wav"] {
            try folder.write(name, Wave(frames: 16_000 * 13, pitchHz: 200).bytes)
        }
        try prepare(
            "mkdir -p models && cp -rL Tests/Goldens/wav2vec2-tiny path/to/fetched && rm path/to/fetched/pytorch_model.bin"
        )
    }

    /// A corpus in each of the layouts that have a page.
    private func writeCorpora() throws {
        try prepare(
            """
            sound() { mkdir -p "$(dirname "$1")" && cp talk.wav "$1"; }
            mkdir -p MSP-PODCAST/Labels MSP-IMPROV DB csv
            echo FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set >MSP-PODCAST/Labels/labels_consensus.csv
            for split in Train Development Test1; do
                sound MSP-PODCAST/Audios/MSP-PODCAST_$split.wav
                echo MSP-PODCAST_$split.wav,N,3.5,4,4,$split,Male,$split >>MSP-PODCAST/Labels/labels_consensus.csv
            done
            for session in 1 4 5; do
                turn=Ses0${session}F_impro01
                sound IEMOCAP_full_release/Session$session/sentences/wav/$turn/${turn}_F000.wav
                mkdir -p IEMOCAP_full_release/Session$session/dialog/EmoEvaluation
                printf '[6.29 - 8.23]\\t%s\\tneu\\t[2.5, 2.5, 2.5]\\n' ${turn}_F000 \
                    >IEMOCAP_full_release/Session$session/dialog/EmoEvaluation/$turn.txt
            done
            for speaker in F01 F05 F06; do
                name=IMPROV-S01A-$speaker-P-FM01
                sound MSP-IMPROV/Audio/session1/S01A/P/MSP-$name.wav
                echo "UTD-$name.avi; N; A:2.6; V:3.2; D:3.2 ; N:4.0;" >>MSP-IMPROV/Evaluation.txt
            done
            for name in a b c; do sound DB/audio/$name.wav; done
            printf 'file,speaker\\naudio/a.wav,s1\\naudio/b.wav,s2\\naudio/c.wav,s3\\n' >DB/db.files.csv
            printf 'file,start,end,arousal\\naudio/a.wav,0 days,0 days 00:00:02,0.1\\n' >DB/db.emotion.train.csv
            printf 'file,start,end,arousal\\naudio/c.wav,0 days,0 days 00:00:02,0.3\\n' >DB/db.emotion.test.csv
            echo FileName,SpkrID,EmoAct,EmoVal >csv/labels.csv
            for name in {a..f}{0..2}; do
                sound csv/wav/$name.wav
                echo $name,$name,$((1 + (16#$name) % 7)),$((1 + (16#$name) % 5)) >>csv/labels.csv
            done
            cp -r csv corpus
            """)
        try folder.write(
            "DB/db.yaml",
            """
            name: demo
            schemes:
              arousal: {dtype: float, minimum: 0, maximum: 1}
              speaker: {dtype: str}
            splits:
              test: {type: test}
              train: {type: train}
            tables:
              files: {type: filewise, columns: {speaker: {scheme_id: speaker}}}
              emotion.train: {type: segmented, split_id: train, columns: {arousal: {scheme_id: arousal}}}
              emotion.test: {type: segmented, split_id: test, columns: {arousal: {scheme_id: arousal}}}

            """)
    }

    /// What pages take for granted that others made: a run in transformers' form, a cache that allows for all set-ups, a bundle.
    private func writeRuns() throws {
        let labels = "--set 'labels=[activation,valence]' --set epochs=2", model = "path/to/fetched"
        try prepare(
            """
            undertone-cache --corpus manifest.csv --model \(model) --cut cnn --cut 9 --out all-cuts --progress none
            undertone-train --cache all-cuts --out RUN-hf \(labels) --set head.form=hf --progress none
            undertone export --run RUN-hf --format bundle -o bundle
            make cache PIPELINE=pipelines/study.yaml
            """)
    }
}

extension Pages {
    /// The texts of a file, or of the files in a folder.
    static func sources(_ path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isFolder), isFolder.boolValue
        else {
            return [try text(path)]
        }
        return try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(path)")
            .filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }.map { try text("\(path)/\($0)") }
    }
}
