import Faults
import Foundation
import Testing

@testable import Corpus

@Suite struct ManifestTests {
    static let sound = """
        id,path,split,speaker,activation,valence,note
        a,audio/a.wav,train,s1,0.5,1e-1,"said ""hello"", twice"
        b,audio/../audio/b.wav,development,,,-3,
        c,./c.wav,test,s2,+1.25,0,"two
        lines"
        d,d e.wav,test12,s2,0,,x

        """

    @Test func readsEveryCell() throws {
        let folder = try TemporaryFolder()
        let manifest = try CorpusManifest.load(folder.write("manifest.csv", Self.sound), labels: ["activation"])
        #expect(manifest.columns == ["id", "path", "split", "speaker", "activation", "valence", "note"])
        #expect(manifest.labelColumns == ["activation", "valence"])
        #expect(manifest.utterances.map(\.id) == ["a", "b", "c", "d"])
        #expect(manifest.utterances.map(\.split) == [.train, .development, .test(""), .test("12")])
        #expect(manifest.utterances.map(\.speaker) == ["s1", nil, "s2", "s2"])
        #expect(manifest.utterances.map(\.line) == [2, 3, 4, 6])
        #expect(manifest.utterances.map { $0.label("activation") } == [0.5, nil, 1.25, 0])
        #expect(manifest.utterances.map { $0.label("valence") } == [0.1, -3, 0, nil])
        #expect(manifest.utterances.map { $0.label("arousal") } == [nil, nil, nil, nil])
        #expect(manifest.utterances[0].cells["note"] == "said \"hello\", twice")
        #expect(manifest.utterances[2].cells["note"] == "two\nlines")
        #expect(
            manifest.utterances.map(\.audioPath)
                == ["audio/a.wav", "audio/b.wav", "c.wav", "d e.wav"].map {
                    "\(folder.path)/\($0)"
                })
        #expect(manifest.utterances[3].audioURL.lastPathComponent == "d e.wav")
    }

    @Test(arguments: ["\u{FEFF}", ""], ["\n", "\r\n"])
    func toleratesByteOrderMarkAndLineEnds(mark: String, lineEnd: String) throws {
        let folder = try TemporaryFolder()
        let text = mark + Self.sound.replacing("\n", with: lineEnd)
        let manifest = try CorpusManifest.load(folder.write("m.csv", text))
        #expect(manifest.columns[0] == "id")
        #expect(manifest.utterances.map(\.id) == ["a", "b", "c", "d"])
        #expect(manifest.utterances[2].cells["note"] == "two\(lineEnd)lines")
        #expect(manifest.utterances[3].line == 6)
    }

    @Test func keepsATrailingEmptyCellAtTheEndOfTheFile() throws {
        let folder = try TemporaryFolder()
        let manifest = try CorpusManifest.load(folder.write("m.csv", "id,path,split,speaker\na,a.wav,train,"))
        #expect(manifest.utterances.map(\.speaker) == [nil])
    }

    @Test func roundTrips() throws {
        let folder = try TemporaryFolder()
        let manifest = try CorpusManifest.load(folder.write("m.csv", Self.sound))
        let copy = "\(folder.path)/corpus.csv"
        try manifest.write(to: copy)
        let again = try CorpusManifest.load(copy)
        #expect(again.columns == manifest.columns)
        #expect(again.utterances == manifest.utterances)
        #expect(again.csvText() == manifest.csvText())
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["corpus.csv", "m.csv"])
    }

    @Test func cannotWriteNamesTheFile() throws {
        let folder = try TemporaryFolder()
        let manifest = CorpusManifest(path: "", columns: [], utterances: [])
        let error = #expect(throws: ManifestError.self) { try manifest.write(to: "\(folder.path)/no/corpus.csv") }
        #expect(error?.kind == .cannotWrite)
    }

    /// Each mistake, and exactly what is said about it. `§` stands for a header of the four required columns and
    /// `score`.
    static let mistakes: [(String, String)] = [
        (
            "§a,a.wav,dev,,\n",
            "m.csv:2: split 'dev'; expected train, development, test or test1, test2, …; did you mean development?"
        ),
        (
            "§a,a.wav,test_2,,\n",
            "m.csv:2: split 'test_2'; expected train, development, test or test1, test2, …; did you mean test2?"
        ),
        ("§a,a.wav,zzz,,\n", "m.csv:2: split 'zzz'; expected train, development, test or test1, test2, …"),
        ("§a,a.wav,,,\n", "m.csv:2: split ''; expected train, development, test or test1, test2, …"),
        (
            "§a,a.wav,train,,\nb,b.wav,train,,\na,c.wav,train,,\n",
            "m.csv:4: id 'a' is already used on line 2; ids must be unique"
        ),
        ("§,a.wav,train,,\n", "m.csv:2: the id is empty; every utterance needs one"),
        ("§a\u{7},a.wav,train,,\n", "m.csv:2: id 'a\\u{07}' has control characters"),
        ("§a,,train,,\n", "m.csv:2: the path is empty; expected an audio file relative to the manifest's folder"),
        (
            "§a,/data/a.wav,train,,\n",
            "m.csv:2: path '/data/a.wav' is absolute; expected one relative to the manifest's folder"
        ),
        ("§a,x/../../a.wav,train,,\n", "m.csv:2: path 'x/../../a.wav' leaves the manifest's folder"),
        ("§a,x/..,train,,\n", "m.csv:2: path 'x/..' is the manifest's folder itself; expected an audio file"),
        ("§a,\"x\ny.wav\",train,,\n", "m.csv:2: path 'x\\ny.wav' has control characters"),
        ("§a,a.wav,train,\n", "m.csv:2: 4 cells; expected 5, as in the header"),
        ("§a,a.wav,train,,1,2\n", "m.csv:2: 6 cells; expected 5, as in the header"),
        (
            "§a,a\"b.wav,train,,\nb,b.wav,train,,\n",
            "m.csv:2: a quote inside an unquoted cell; quote the whole cell and double the quotes in it"
        ),
        ("§a,\"a\"x,train,,\n", "m.csv:2: text after a closing quote; expected a comma or the end of the line"),
        ("§a,\"a.wav,train,,\nb,b.wav,train,,\n", "m.csv:2: a quote opens here and never closes"),
        (
            "§a,a.wav,train,,nan\n",
            "m.csv:2: score of 'a' is 'nan'; expected a finite number, or nothing when unlabelled"
        ),
        (
            "§a,a.wav,train,,inf\n",
            "m.csv:2: score of 'a' is 'inf'; expected a finite number, or nothing when unlabelled"
        ),
        (
            "§a,a.wav,train,,0x1\n",
            "m.csv:2: score of 'a' is '0x1'; expected a finite number, or nothing when unlabelled"
        ),
        (
            "§a,a.wav,train,,1e999\n",
            "m.csv:2: score of 'a' is '1e999'; expected a finite number, or nothing when unlabelled"
        ),
        (
            "§a,a.wav,train,,\"3,5\"\n",
            "m.csv:2: score of 'a' is '3,5'; expected a finite number, or nothing when unlabelled"
        ),
        ("§", "m.csv:1: only a header; expected a row per utterance"),
        (
            "ID,path,split,score\na,a.wav,train,1\n",
            """
            m.csv:1: no column 'id'; expected id, path, split, speaker; is it 'ID'?
            m.csv:1: no column 'speaker'; expected id, path, split, speaker
            """
        ),
        (
            "id,path,split,speakr,score\na,a.wav,train,,1\n",
            "m.csv:1: no column 'speaker'; expected id, path, split, speaker; is it 'speakr'?"
        ),
        (
            "id,path,split,speaker,score,score\na,a.wav,train,,1,1\n",
            "m.csv:1: column 'score' is there twice, as column 5 and 6"
        ),
        ("id,path,split,speaker,score,\na,a.wav,train,,1,\n", "m.csv:1: column 6 has no name"),
        (
            "id,path,split,speaker,Score\na,a.wav,train,,1\n",
            "m.csv:1: no label column 'score'; the columns are Score; did you mean Score?"
        ),
        ("id,path,split,speaker\na,a.wav,train,\n", "m.csv:1: no label column 'score'; there is none"),
        (
            "§\na,/a.wav,train,,x\n\nb,b.wav,dev\n,c.wav,validation,,1\n",
            """
            m.csv:3: path '/a.wav' is absolute; expected one relative to the manifest's folder
            m.csv:3: score of 'a' is 'x'; expected a finite number, or nothing when unlabelled
            m.csv:5: 3 cells; expected 5, as in the header
            m.csv:6: the id is empty; every utterance needs one
            m.csv:6: split 'validation'; expected train, development, test or test1, test2, …; did you mean development?
            """
        ),
    ]

    @Test(arguments: mistakes)
    func namesEveryMistake(text: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.csv", text.replacing("§", with: "id,path,split,speaker,score\n"))
        let error = #expect(throws: ManifestError.self) { try CorpusManifest.load(path, labels: ["score"]) }
        #expect(error.map { message($0, in: folder) } == expected)
        #expect(error?.kind == .badInput)
    }

    @Test(
        arguments: [
            (
                [],
                "m.csv: is empty; expected a header with the columns id, path, split, speaker and a row per utterance"
            ),
            (
                Array("\r\n\n".utf8),
                "m.csv: is empty; expected a header with the columns id, path, split, speaker and a row per utterance"
            ),
            (Array("id\nab".utf8) + [0xFF], "m.csv:2: byte 3 of the line is not UTF-8; save the file as UTF-8"),
            (Array("é\n\nx".utf8) + [0xC3], "m.csv:3: byte 2 of the line is not UTF-8; save the file as UTF-8"),
        ] as [([UInt8], String)])
    func refusesWhatIsNoText(bytes: [UInt8], expected: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.csv", bytes)
        let error = #expect(throws: ManifestError.self) { try CorpusManifest.load(path) }
        #expect(error.map { message($0, in: folder) } == expected)
    }

    @Test func missingFileAndFolder() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: ManifestError.self) { try CorpusManifest.load("\(folder.path)/none.csv") }
        #expect(missing?.kind == .missingInput)
        #expect(
            missing.map { message($0, in: folder) }
                == "none.csv: no such file; expected a corpus manifest (CSV with the columns id, path, split, speaker)")
        let directory = #expect(throws: ManifestError.self) { try CorpusManifest.load(folder.path) }
        #expect(
            directory.map { "\($0)" }?.hasSuffix(
                "is a folder; give the manifest's file, such as \(folder.path)/manifest.csv") == true)
    }

    @Test func printsAtMostFiftyProblems() throws {
        let folder = try TemporaryFolder()
        let rows = (0..<80).map { "u\($0),u.wav,dev,\n" }.joined()
        let path = try folder.write("m.csv", "id,path,split,speaker\n" + rows)
        let error = #expect(throws: ManifestError.self) { try CorpusManifest.load(path) }
        let lines = error.map { message($0, in: folder) }?.split(separator: "\n") ?? []
        #expect(lines.count == 51)
        #expect(lines.last == "m.csv: and 30 more problems")
        guard case .invalid(_, let problems) = error else { return }
        #expect(problems.map(\.line) == Array(2...81))
    }

    @Test func labelsAreLeftAloneUntilAskedFor() throws {
        let folder = try TemporaryFolder()
        let text = "id,path,split,speaker,score,mood\na,a.wav,train,,1,sad\nb,b.wav,train,,x,\n"
        let manifest = try CorpusManifest.load(folder.write("m.csv", text))
        #expect(manifest.labelColumns == [])
        #expect(manifest.utterances[1].label("score") == nil)
        let error = #expect(throws: ManifestError.self) { try manifest.validateLabels(["score", "mod"]) }
        #expect(
            error.map { message($0, in: folder) } == """
                m.csv:1: no label column 'mod'; the columns are score, mood; did you mean mood?
                m.csv:3: score of 'b' is 'x'; expected a finite number, or nothing when unlabelled
                """)
    }

    @Test func pathsThroughSymbolicLinksAreAllowed() throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/audio", withDestinationPath: elsewhere.path)
        let text = "id,path,split,speaker\na,audio/a.wav,train,\n"
        let manifest = try CorpusManifest.load(folder.write("m.csv", text))
        #expect(manifest.utterances[0].audioPath == "\(folder.path)/audio/a.wav")
    }
}
