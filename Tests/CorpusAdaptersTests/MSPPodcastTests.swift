import Corpus
import CorpusAdapters
import Testing

@Suite struct MSPPodcastTests {
    static let header = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set\n"
    static let rows = [
        "MSP-PODCAST_0001_0008.wav,N,4.8,4.0,4.6,127,Male,Train",
        "MSP-PODCAST_0001_0019.wav,H,5.2,5.4,5.0,127,Male,Train",
        "MSP-PODCAST_0002_0033.wav,A,6.0,2.2,5.4,12,Female,Development",
        "MSP-PODCAST_0003_0039.wav,S,2.0,2.0,3.0,Unknown,Unknown,Test1",
        "MSP-PODCAST_0004_0040.wav,X,3.5,3.5,3.5,33,Female,Test2",
    ]

    static func tree(
        _ rows: [String] = rows, labels: String = "Labels/labels_consensus.csv", audio: String = "Audios",
        change: (String) -> String = { $0 }
    ) throws -> CorpusTree {
        let tree = try CorpusTree()
        try tree.write(labels, change(header + rows.map { $0 + "\n" }.joined()))
        for (index, row) in Self.rows.enumerated() {
            try tree.record("\(audio)/\(row.prefix { $0 != "," })", pitch: index + 1)
        }
        return tree
    }

    @Test(
        arguments: [
            ("Labels/labels_consensus.csv", "Audios"), ("Labels/labels_concensus.csv", "Audio"),
            ("labels/labels_concensus.csv", "audios"), ("labels_consensus.csv", "Audios"),
        ])
    func readsTheLayoutsOfAllReleases(labels: String, audio: String) throws {
        let tree = try Self.tree(labels: labels, audio: audio)
        let corpus = try tree.assemble(MSPPodcast(tree.path))
        #expect(tree.faults(corpus) == [] && tree.warnings(corpus) == [])
        #expect(
            corpus.manifest.csvText() == """
                id,path,split,speaker,activation,valence,dominance,emotion,gender
                MSP-PODCAST_0001_0008,\(audio)/MSP-PODCAST_0001_0008.wav,train,127,4.8,4.0,4.6,N,Male
                MSP-PODCAST_0001_0019,\(audio)/MSP-PODCAST_0001_0019.wav,train,127,5.2,5.4,5.0,H,Male
                MSP-PODCAST_0002_0033,\(audio)/MSP-PODCAST_0002_0033.wav,development,12,6.0,2.2,5.4,A,Female
                MSP-PODCAST_0003_0039,\(audio)/MSP-PODCAST_0003_0039.wav,test1,,2.0,2.0,3.0,S,Unknown
                MSP-PODCAST_0004_0040,\(audio)/MSP-PODCAST_0004_0040.wav,test2,33,3.5,3.5,3.5,X,Female

                """)
        try corpus.write(skipsFaults: false, replaces: false)
        let manifest = try CorpusManifest.load("\(tree.path)/manifest.csv", labels: ["activation", "valence"])
        #expect(manifest.utterances == corpus.manifest.utterances)
    }

    @Test func reportsCountsSpeakersAndLabels() throws {
        let tree = try Self.tree(Self.rows.dropLast() + ["MSP-PODCAST_0004_0040.wav,X,7.5,,3.5,127,Female,Test2"])
        let report = try tree.assemble(MSPPodcast(tree.path)).report
        #expect(report.splits.map(\.split) == ["train", "development", "test1", "test2"])
        #expect(report.splits.map(\.utterances) == [2, 1, 1, 1])
        #expect(report.splits.map(\.speakers) == [1, 1, 0, 1] && report.splits.map(\.withoutSpeaker) == [0, 0, 1, 0])
        #expect(report.speakers.map(\.speaker) == ["127", "12"] && report.speakers[0].splits == ["train", "test2"])
        let activation = report.labels[0]
        #expect(activation.summary == LabelSummary(name: "activation", values: [4.8, 5.2, 6, 2, 7.5]))
        #expect(activation.outOfScale == 1 && activation.unlabelled == 0 && report.labels[1].unlabelled == 1)
        #expect(report.counts == ["out_of_scale": 1, "shared_speaker": 1])
        #expect(
            report.warnings.map { tree.shortened($0.text) } == [
                "Labels/labels_consensus.csv:6: activation of 'MSP-PODCAST_0004_0040' is 7.5; expected 1 to 7",
                "speaker 127 (train 2, test2 1) is in more than one split",
            ])
    }

    /// Byte order marks, CRLF, comments, spaces, and the columns in another order and case.
    @Test(
        arguments: [
            { "\u{FEFF}" + $0 }, { $0.replacing("\n", with: "\r\n") }, { "# release 1.11\n" + $0 },
            { $0.replacing(",", with: " , ") }, { $0.replacing("Development", with: "Validation") },
            { $0.replacing("FileName", with: "filename").replacing("Split_Set", with: "split_set") },
        ] as [@Sendable (String) -> String])
    func readsOtherSpellings(change: @Sendable (String) -> String) throws {
        let expected = try Self.tree()
        let tree = try Self.tree(change: change)
        #expect(
            try tree.assemble(MSPPodcast(tree.path)).manifest.csvText()
                == expected.assemble(MSPPodcast(expected.path)).manifest.csvText())
    }

    static let label = "expected a number, or nothing where unlabelled"
    static let faults: [(String, [String])] = [
        ("MSP-PODCAST_0004_0040.wav,X,high,3.5,3.5,33,Female,Test2", ["EmoAct is 'high'; \(label)"]),
        (
            "MSP-PODCAST_0004_0040.wav,X,\"3,5\",1e999,3.5,33,F,Test2",
            ["EmoAct is '3,5'; \(label)", "EmoVal is '1e999'; \(label)"]
        ),
        (
            "MSP-PODCAST_0004_0040.wav,X,3.5,3.5,3.5,33,Female,Tset2",
            ["Split_Set is 'Tset2'; expected Train, Development or Validation, Test1, Test2 or Test3"]
        ),
        (
            "MSP-PODCAST_0001_0008.wav,X,3.5,3.5,3.5,33,Female,Test2",
            ["id 'MSP-PODCAST_0001_0008' is there already, on line 2; ids must be unique"]
        ),
        ("MSP-PODCAST_0004_0040.wav,X,3.5,3.5,3.5,33,Female", ["7 cells; expected 8, as in the header"]),
        (",X,3.5,3.5,3.5,33,Female,Test2", ["FileName is empty; expected a name"]),
        (
            "MSP\u{7}.wav,X,3.5,3.5,3.5,33,Female,Test2", ["id 'MSP\\u{07}' has control characters"]
        ),
        (
            "MSP-PODCAST_0004_9999.wav,X,3.5,3.5,3.5,33,Female,Test2",
            ["Audios/MSP-PODCAST_0004_9999.wav is not there; expected the recording of 'MSP-PODCAST_0004_9999'"]
        ),
        (
            "MSP\"x,X,3.5,3.5,3.5,33,Female,Test2",
            ["a quote inside an unquoted cell; quote the whole cell and double the quotes in it"]
        ),
    ]

    @Test(arguments: faults)
    func namesEveryFaultAndLeavesItsLineOut(row: String, expected: [String]) throws {
        let tree = try Self.tree(Self.rows.dropLast() + [row])
        let corpus = try tree.assemble(MSPPodcast(tree.path))
        #expect(tree.faults(corpus) == expected.map { "Labels/labels_consensus.csv:6: \($0)" })
        #expect(corpus.manifest.utterances.count == 4)
        let error = #expect(throws: AdapterError.self) { try corpus.write(skipsFaults: false, replaces: false) }
        #expect(error?.kind == (row.contains("9999.wav") ? .missingInput : .badInput))
        #expect(error.map { "\($0)".hasSuffix(", or leave them out with --skip-faulty") } == true)
        try corpus.write(skipsFaults: true, replaces: false)
        #expect(try CorpusManifest.load("\(tree.path)/manifest.csv").utterances.count == 4)
    }

    @Test func saysWhatIsMissing() throws {
        let tree = try Self.tree()
        let expected = "not there; expected \(MSPPodcast.expectedLayout)"
        #expect(tree.failure(MSPPodcast("\(tree.path)/nowhere")) == "nowhere: \(expected)")
        try tree.remove("Audios")
        #expect(tree.failure(MSPPodcast(tree.path)) == "Audios: \(expected)")
        try tree.write("Labels/labels_consensus.csv", "FileName,EmoAct,EmoVal\n")
        try tree.record("Audios/a.wav")
        #expect(
            tree.failure(MSPPodcast(tree.path))
                == "Labels/labels_consensus.csv:1: no column EmoDom, Split_Set; expected FileName, EmoAct, EmoVal, EmoDom, "
                + "Split_Set, and found FileName, EmoAct, EmoVal")
        try tree.write("Labels/labels_consensus.csv", [0x46, 0xFF, 0x0A])
        #expect(
            tree.failure(MSPPodcast(tree.path))
                == "Labels/labels_consensus.csv: is not UTF-8 text; save it as UTF-8")
        try tree.remove("Labels")
        #expect(tree.failure(MSPPodcast(tree.path)) == "Labels/labels_consensus.csv: \(expected)")
    }
}
