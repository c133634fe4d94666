import Foundation
import Testing

/// A corpus in MSP-Podcast's layout, with eight recordings of three speakers.
private func podcast(_ more: String...) throws -> Scratch {
    let folder = try Scratch()
    for name in ["msp/Labels", "msp/Audios"] {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
    }
    var lines = ["FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"]
    for (index, split) in ["Train", "Train", "Train", "Train", "Development", "Development", "Test1", "Test1"]
        .enumerated()
    {
        let name = "MSP-PODCAST_000\(index)_0001.wav"
        try folder.write("msp/Audios/\(name)", Wave(frames: 4000 + 400 * index, pitchHz: 100 + 40 * index).bytes)
        let speaker = ["Train": "1", "Development": "2"][split] ?? "Unknown"
        lines.append("\(name),N,\(1 + index % 7),\(7 - index % 7),4,\(speaker),Male,\(split)")
    }
    try folder.write("msp/Labels/labels_consensus.csv", (lines + more).map { $0 + "\r\n" }.joined())
    return folder
}

private func corpus(_ arguments: String..., in folder: Scratch) throws -> Outcome {
    try Program.undertone.run(["corpus", "msp-podcast", "msp", "-o", "msp/manifest.csv"] + arguments, in: folder)
}

/// From the label file to a trained model, each command as a user gives it.
@Test func aCorpusAsItIsHandedOutBecomesARun() throws {
    let folder = try podcast()
    let outcome = try corpus("--check-audio", "--progress", "none", in: folder)
    #expect(outcome.code == 0 && outcome.said.isEmpty, "\(outcome.said)")
    #expect(
        outcome.output == """
            msp: 8 utterances in 8 files, 2.7 s

            split        utterances  speakers  unknown  speech
            train                 4         1        0   1.1 s
            development           2         1        0   0.7 s
            test1                 2         0        2   0.8 s

            speaker  utterances  splits
            1                 4  train
            2                 2  development

            label       n  unlabelled   mean     sd  min  max  scale
            activation  8           0  3.625  2.118    1    7  1 to 7
            valence     8           0  4.375  2.118    1    7  1 to 7
            dominance   8           0      4      0    4    4  1 to 7
            manifest: msp/manifest.csv
            description: msp/corpus.json, for reports and model cards

            """)
    #expect(try Program.cache.run(cacheArguments(corpus: "msp/manifest.csv"), in: folder).code == 0)
    #expect(try Program.train.run(trainArguments(epochs: 1), in: folder).code == 0)
    let export = ["export", "--run", "run", "--format", "safetensors", "-o", "export"]
    #expect(try Program.undertone.run(export, in: folder).code == 0)
    let card = try folder.read("export/README.md")
    #expect(card.contains("**MSP-Podcast**. Natural speech from podcasts, "), "\(card)")
}

/// What somebody wrote of the corpus is theirs; and the cache has it, until a newer one is there.
@Test func aDescriptionThatIsThereIsKept() throws {
    let folder = try podcast()
    try folder.write("msp/corpus.json", #"{"name": "Mine"}"#)
    let outcome = try corpus(in: folder)
    #expect(outcome.code == 0 && !outcome.output.contains("corpus.json"), "\(outcome.output)")
    // It may well be another corpus's.
    #expect(outcome.said.contains("note: msp/corpus.json describes 'Mine', and not MSP-Podcast, "), "\(outcome.said)")
    #expect(try folder.read("msp/corpus.json") == #"{"name": "Mine"}"#)
    for name in ["Mine", "Still mine"] {
        try folder.write("msp/corpus.json", #"{"name": "\#(name)"}"#)
        #expect(try Program.cache.run(cacheArguments(corpus: "msp/manifest.csv"), in: folder).code == 0)
        #expect(try folder.read("cache/corpus.json") == #"{"name": "\#(name)"}"#)
    }
    // One that cannot be understood stops stage one, and not the training after it.
    try folder.write("msp/corpus.json", #"{"synthetic": "yes"}"#)
    let refused = try Program.cache.run(cacheArguments(corpus: "msp/manifest.csv", out: "other"), in: folder)
    #expect(refused.code == 65 && refused.said.contains("msp/corpus.json"), "\(refused.said)")
    #expect(!folder.exists("other"))
}

@Test func faultyLinesAreNamedAndLeftOutIfAsked() throws {
    let folder = try podcast("MSP-PODCAST_0009_0001.wav,N,1,1,1,3,Male,Train", "x.wav,N,one,1,1,3,Male,Tarin")
    let outcome = try corpus(in: folder)
    #expect(outcome.code == 65 && !folder.exists("msp/manifest.csv"))
    #expect(outcome.output.hasPrefix("msp: 8 utterances in 8 files, and 3 lines with faults\n"))
    let labels = "msp/Labels/labels_consensus.csv"
    #expect(
        outcome.errors == [
            "error: \(labels):10: msp/Audios/MSP-PODCAST_0009_0001.wav is not there; expected the recording of "
                + "'MSP-PODCAST_0009_0001'",
            "error: \(labels):11: Split_Set is 'Tarin'; expected Train, Development or Validation, Test1, Test2 or Test3",
            "error: \(labels):11: EmoAct is 'one'; expected a number, or nothing where unlabelled",
            "error: msp: 3 lines cannot be used; mend them, or leave them out with --skip-faulty",
        ])
    let skipped = try corpus("--skip-faulty", "--json", in: folder)
    #expect(skipped.code == 0 && skipped.said.isEmpty)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(skipped.output.utf8)) as? [String: Any])
    #expect(report["utterances"] as? Int == 8)
    #expect(report["counts"] as? [String: Int] == ["missing_file": 1, "split": 1, "label": 1])
    let faults = try #require(report["faults"] as? [[String: Any]])
    #expect(faults.map { $0["line"] as? Int } == [10, 11, 11] && faults[0]["file"] as? String == labels)
    #expect(try folder.read("msp/manifest.csv").split(separator: "\n").count == 9)
}

@Test func aManifestThatIsThereIsKept() throws {
    let folder = try podcast()
    #expect(try corpus(in: folder).code == 0)
    #expect(try corpus(in: folder).code == 0)
    try folder.edit("msp/manifest.csv", "MSP-PODCAST_0003_0001,", "mine,")
    let refused = try corpus(in: folder)
    #expect(refused.code == 73)
    #expect(refused.errors == ["error: msp/manifest.csv: is there already and differs; --force replaces it"])
    #expect(try folder.read("msp/manifest.csv").contains("\nmine,"))
    #expect(try corpus("--force", in: folder).code == 0)
    #expect(!(try folder.read("msp/manifest.csv").contains("mine")))
}

@Test(
    arguments: [
        (["msp-podcast", "nowhere", "-o", "m.csv"], 66, "nowhere: not there; expected MSP-Podcast's folder"),
        (["msp-podcast", "msp", "-o", "msp/"], 64, "-o 'msp/': expected a file, such as msp/manifest.csv"),
        (["msp-podcast", "msp", "-o", "other/m.csv"], 64, "other/m.csv: its paths cannot leave its folder"),
        (["iemocap", "msp", "-o", "m.csv"], 66, "msp/Session1: not there; expected IEMOCAP's folder"),
        (["msp-improv", "msp", "-o", "m.csv"], 66, "msp/Evaluation.txt: not there; expected MSP-Improv's folder"),
        (["audformat", "msp", "-o", "m.csv"], 66, "msp/db.yaml: not there; expected an audformat database's folder"),
        (["csv", "msp", "-o", "m.csv"], 66, "msp: cannot be read: it is a folder"),
        (["csv", "a.csv", "--fractions", "train=2", "-o", "m.csv"], 64, "The value 'train=2' is invalid"),
    ] as [([String], Int32, String)])
func wrongUseOfCorpusIsSaid(arguments: [String], code: Int32, words: String) throws {
    let folder = try podcast()
    let outcome = try Program.undertone.run(["corpus"] + arguments, in: folder)
    #expect(
        outcome.code == code && outcome.said.lowercased().hasPrefix("error: \(words.lowercased())"), "\(outcome.said)")
    #expect(!folder.exists("m.csv"))
}

/// A corpus on a disk that cannot be written to: the manifest lies beside a link to it.
@Test func aLinkToTheCorpusWillDo() throws {
    let folder = try podcast()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/study", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/study/audio", withDestinationPath: "../msp")
    let outcome = try Program.undertone.run(
        ["corpus", "msp-podcast", "study/audio", "-o", "study/manifest.csv"], in: folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    let plan = try Program.cache.run(
        cacheArguments(corpus: "study/manifest.csv", out: "cache", "--dry-run"), in: folder)
    #expect(plan.code == 0 && plan.output.hasPrefix("8 utterances, 8 to decode"), "\(plan.said)")
}
