import Corpus
import CorpusAdapters
import Testing

@Suite struct IEMOCAPTests {
    static let heading = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"

    static func evaluation(_ dialogue: String) -> String {
        heading
            + "[6.2901 - 8.2357]\t\(dialogue)_F000\tneu\t[2.5000, 3.0000, 1.5000]\n"
            + "C-E2:\tNeutral;\t()\nC-F1:\tNeutral; Anger;\t(curious)\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
            + "[10.0100 - 11.3925]\t\(dialogue)_M001\txxx\t[2.5000, 2.0000, 5.5000]\nC-E2:\tOther;\t()\n"
    }

    static func tree(sessions: Int = 5) throws -> CorpusTree {
        let tree = try CorpusTree()
        for session in 1...sessions {
            // The letter says who wore the markers; both speak in each dialogue.
            for (index, letter) in ["F", "M"].enumerated() {
                let dialogue = "Ses0\(session)\(letter)_impro01"
                try tree.write("Session\(session)/dialog/EmoEvaluation/\(dialogue).txt", evaluation(dialogue))
                for (turn, name) in ["\(dialogue)_F000", "\(dialogue)_M001"].enumerated() {
                    try tree.record(
                        "Session\(session)/sentences/wav/\(dialogue)/\(name).wav",
                        pitch: session * 10 + index * 2 + turn + 1)
                }
            }
            // As in the archives.
            try tree.write("Session\(session)/dialog/EmoEvaluation/._Ses0\(session)F_impro01.txt", [0, 1, 2, 0xFF])
            try tree.write("Session\(session)/dialog/EmoEvaluation/Categorical/Ses0\(session)F_impro01_e2_cat.txt", ":")
        }
        return tree
    }

    static func adapter(_ tree: CorpusTree, test: Int = 5, development: Int? = nil) -> IEMOCAP {
        IEMOCAP(tree.path, splits: SessionSplits(test: test, development: development, of: 5))
    }

    @Test(arguments: [(5, nil, 4), (1, nil, 5), (2, 4, 4)] as [(Int, Int?, Int)])
    func leavesOneSessionOut(test: Int, development: Int?, expected: Int) throws {
        let tree = try Self.tree()
        let corpus = try tree.assemble(Self.adapter(tree, test: test, development: development))
        #expect(tree.faults(corpus) == [])
        #expect(corpus.manifest.utterances.count == 20)
        for utterance in corpus.manifest.utterances {
            let session = Int(utterance.id.dropFirst(4).prefix(1))
            let split: Split = session == test ? .test("") : session == expected ? .development : .train
            #expect(utterance.split == split)
        }
        #expect(corpus.report.splits.map(\.speakers) == [6, 2, 2] && corpus.report.counts["shared_speaker"] == nil)
    }

    /// The order in the file is valence, activation, dominance; the speaker is the turn's, not the dialogue's.
    @Test func readsATurn() throws {
        let tree = try Self.tree()
        let corpus = try tree.assemble(Self.adapter(tree))
        #expect(
            Array(corpus.manifest.csvText().split(separator: "\n").prefix(5)) == [
                "id,path,split,speaker,activation,valence,dominance,emotion,gender,dialogue",
                "Ses01F_impro01_F000,Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav,train,Ses01F,3.0000,2.5000,1.5000,neu,Female,Ses01F_impro01",
                "Ses01F_impro01_M001,Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M001.wav,train,Ses01M,2.0000,2.5000,5.5000,xxx,Male,Ses01F_impro01",
                "Ses01M_impro01_F000,Session1/sentences/wav/Ses01M_impro01/Ses01M_impro01_F000.wav,train,Ses01F,3.0000,2.5000,1.5000,neu,Female,Ses01M_impro01",
                "Ses01M_impro01_M001,Session1/sentences/wav/Ses01M_impro01/Ses01M_impro01_M001.wav,train,Ses01M,2.0000,2.5000,5.5000,xxx,Male,Ses01M_impro01",
            ])
        #expect(corpus.report.labels.map(\.outOfScale) == [0, 0, 10])
        #expect(Set(corpus.manifest.utterances.compactMap(\.speaker)).count == 10)
    }

    static let faults: [(String, String)] = [
        (
            "[6.2901 - 8.2357]\tSes02F_impro01_F000\tneu\t[2.5000, three, 1.5000]",
            "activation is 'three'; expected a number, or nothing where unlabelled"
        ),
        (
            "[6.2901 - 8.2357]\tSes02F_impro01_F000\tneu",
            "3 fields with tabs between; expected [start - end], turn, emotion, [valence, activation, dominance]"
        ),
        (
            "[6.2901 - 8.2357]\tSes02F_impro01_F000\tneu\t[2.5000, 1.5000]",
            "2 values in [2.5000, 1.5000]; expected valence, activation, dominance"
        ),
        (
            "[6.2901 - 8.2357]\tSes03F_impro01_F000\tneu\t[2.5000, 3.0000, 1.5000]",
            "turn 'Ses03F_impro01_F000'; expected one of this dialogue, such as Ses02F_impro01_F000"
        ),
        (
            "[6.2901 - 8.2357]\tSes02F_impro01_F777\tneu\t[2.5000, 3.0000, 1.5000]",
            "Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_F777.wav is not there; expected the recording of "
                + "'Ses02F_impro01_F777'"
        ),
        (
            "[6.2901 - 8.2357]\tSes02F_impro01_M001\tneu\t[2.5000, 3.0000, 1.5000]",
            "id 'Ses02F_impro01_M001' is there already, on line 8; ids must be unique"
        ),
    ]

    @Test(arguments: faults, ["\n", "\r\n"])
    func namesFaults(fault: (line: String, expected: String), lineEnd: String) throws {
        let tree = try Self.tree()
        let text = Self.evaluation("Ses02F_impro01") + "\n" + fault.line + "\n"
        try tree.write(
            "Session2/dialog/EmoEvaluation/Ses02F_impro01.txt", "\u{FEFF}" + text.replacing("\n", with: lineEnd))
        let corpus = try tree.assemble(Self.adapter(tree))
        #expect(
            tree.faults(corpus) == ["Session2/dialog/EmoEvaluation/Ses02F_impro01.txt:11: \(fault.expected)"])
        #expect(corpus.manifest.utterances.count == 20)
    }

    @Test func saysWhatIsMissing() throws {
        let tree = try Self.tree(sessions: 3)
        #expect(tree.failure(Self.adapter(tree)) == "--test-session 5: the corpus has the sessions 1, 2, 3")
        #expect(
            tree.failure(Self.adapter(tree, test: 2, development: 2))
                == "--development-session 2: is the test's; expected another session")
        try tree.remove("Session2/sentences")
        #expect(
            tree.failure(Self.adapter(tree, test: 1, development: 2))
                == "Session2/sentences/wav: not there; expected \(IEMOCAP.expectedLayout)")
        try tree.write("Session1/dialog/EmoEvaluation/Ses01F_impro02.txt", "nothing\n")
        try tree.record("Session2/sentences/wav/a.wav")
        let draft = try Self.adapter(tree, test: 1, development: 2).read()
        #expect(
            draft.faults.map(tree.shortened) == [
                "Session1/dialog/EmoEvaluation/Ses01F_impro02.txt:1: no turn in it; expected lines like "
                    + "[6.29 - 8.23]⇥Ses01F_impro02_F000⇥neu⇥[2.5, 2.5, 2.5]"
            ])
        let empty = try CorpusTree()
        #expect(empty.failure(Self.adapter(empty)) == "Session1: not there; expected \(IEMOCAP.expectedLayout)")
    }
}

@Suite struct MSPImprovTests {
    static let records = [
        "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.600000 ; V:3.200000 ; D:3.200000 ; N:4.000000 ; ",
        "UTD-IMPROV-S01A-M01-R-FM02.avi; A; A:1.25; V:2.0; D:NaN ; N:4.5;",
        "UTD-IMPROV-S02H-F02-S-FM03.avi; H; A:2; V:4.5; D:3 ; N:4;",
        "UTD-IMPROV-S20S-M03-T-MF04.avi; X; A:5; V:1; D:1 ; N:NaN;",
    ]
    static let annotator = "HW-1_b; Neutral; Neutral,Other (bored); A:3.0; V:3.0; D:3.0; N:4.0;\n\n"

    static func tree(
        _ records: [String] = records, evaluation: String = "Evaluation.txt", audio: String = "Audio/"
    ) throws -> CorpusTree {
        let tree = try CorpusTree()
        try tree.write(evaluation, records.map { "\($0)\n\(annotator)" }.joined())
        for (index, record) in Self.records.enumerated() {
            let name = "MSP" + record.prefix { $0 != "." }.dropFirst(3)
            let parts = name.split(separator: "-")
            try tree.record(
                "\(audio)session\(parts[3].suffix(1))/\(parts[2])/\(parts[4])/\(name).wav", pitch: index + 1)
        }
        return tree
    }

    static func adapter(_ tree: CorpusTree, keepsActivation: Bool = false) -> MSPImprov {
        MSPImprov(
            tree.path, splits: SessionSplits(test: 3, development: nil, of: 6), keepsActivation: keepsActivation)
    }

    @Test(arguments: [("Evaluation.txt", "Audio/"), ("Evalution.txt", ""), ("evaluation.txt", "audio/")])
    func readsTheLayouts(evaluation: String, audio: String) throws {
        let tree = try Self.tree(evaluation: evaluation, audio: audio)
        let corpus = try tree.assemble(Self.adapter(tree))
        #expect(tree.faults(corpus) == [] && tree.warnings(corpus) == [])
        #expect(
            corpus.manifest.csvText() == """
                id,path,split,speaker,activation,valence,dominance,naturalness,emotion,gender,scenario
                MSP-IMPROV-S01A-F01-P-FM01,\(audio)session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav,train,F01,3.4,3.200000,3.200000,4.000000,N,Female,P
                MSP-IMPROV-S01A-M01-R-FM02,\(audio)session1/S01A/R/MSP-IMPROV-S01A-M01-R-FM02.wav,train,M01,4.75,2.0,,4.5,A,Male,R
                MSP-IMPROV-S02H-F02-S-FM03,\(audio)session2/S02H/S/MSP-IMPROV-S02H-F02-S-FM03.wav,development,F02,4,4.5,3,4,H,Female,S
                MSP-IMPROV-S20S-M03-T-MF04,\(audio)session3/S20S/T/MSP-IMPROV-S20S-M03-T-MF04.wav,test,M03,1,1,1,,X,Male,T

                """)
        #expect(corpus.report.remarks.count == 1 && corpus.report.remarks[0].hasPrefix("activation is 6 − A"))
    }

    @Test func keepsActivationIfAsked() throws {
        let tree = try Self.tree()
        let corpus = try tree.assemble(Self.adapter(tree, keepsActivation: true))
        #expect(corpus.column("activation").values.sorted() == ["1.25", "2", "2.600000", "5"])
        #expect(corpus.report.remarks == ["activation is the corpus's A, from 1 (very active) to 5 (very passive)"])
    }

    @Test(arguments: [
        (
            "UTD-IMPROV-S01A-F01-P-FM09.avi; N; A:2.6; V:3.2; D:3.2 ; N:4.0;",
            "Audio/session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM09.wav is not there; expected the recording of "
                + "'MSP-IMPROV-S01A-F01-P-FM09'"
        ),
        (
            "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.6; V:3.2; D:3.2 ;",
            "cannot be read as a record; expected one like UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.6; V:3.2; D:3.2 ; N:4.0;"
        ),
        (
            "UTD-IMPROV-S01A-F01-P-FM09.avi; N; A:x; V:3.2; D:3.2 ; N:4.0;",
            "A is 'x'; expected a number, or nothing where unlabelled"
        ),
        (
            "UTD-IMPROV-S01A-Q01-FM09.avi; N; A:1; V:3.2; D:3.2 ; N:4.0;",
            "name 'UTD-IMPROV-S01A-Q01-FM09.avi'; expected one like UTD-IMPROV-S01A-F01-P-FM01.avi"
        ),
        (records[0], "id 'MSP-IMPROV-S01A-F01-P-FM01' is there already, on line 1; ids must be unique"),
    ])
    func namesFaults(record: String, expected: String) throws {
        let tree = try Self.tree(Self.records + [record])
        let corpus = try tree.assemble(Self.adapter(tree))
        #expect(tree.faults(corpus) == ["Evaluation.txt:13: \(expected)"])
        #expect(corpus.manifest.utterances.count == 4)
    }
}
