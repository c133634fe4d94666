import Corpus
import CorpusAdapters
import Faults
import Testing

private func options(
    _ columns: String..., scales: [String] = [], fractions: String? = nil, seed: UInt64 = 0
) throws -> TableOptions {
    TableOptions(
        columns: try columns.map { try #require(ColumnMapping($0)) },
        scales: try scales.map { try #require(NamedScale($0)) },
        fractions: try fractions.map { try #require(SplitFractions($0)) }, seed: seed)
}

@Suite struct TableCorpusTests {
    static func tree(_ text: String, recordings: [String] = ["a", "b", "c"]) throws -> CorpusTree {
        let tree = try CorpusTree()
        try tree.write("labels.csv", text)
        for (index, name) in recordings.enumerated() {
            try tree.record("wav/\(name).wav", pitch: index + 1, frames: 32_000)
        }
        return tree
    }

    @Test func mapsColumns() throws {
        let tree = try Self.tree(
            "File,Who,Part,EmoAct,Note,Other\na,s1,Train,3,x,1\nb,Unknown,DEV,NaN,,2\nc,s2,test_2,7.5,,3\n")
        let options = try options(
            "path=File", "speaker=Who", "split=Part", "activation=EmoAct", "comment=Note", scales: ["activation=1:7"])
        let corpus = try tree.assemble(
            TableCorpus(
                "\(tree.path)/labels.csv", audioFolder: "\(tree.path)/wav", fileExtension: "wav", options: options))
        #expect(
            corpus.manifest.csvText() == """
                id,path,split,speaker,activation,comment
                a,wav/a.wav,train,s1,3,x
                b,wav/b.wav,development,,,
                c,wav/c.wav,test2,s2,7.5,

                """)
        #expect(corpus.report.labels[0].outOfScale == 1 && corpus.report.labels[0].unlabelled == 1)
    }

    /// A manifest goes through unchanged, segments included.
    @Test func takesAManifestAsItIs() throws {
        let text = """
            id,path,split,speaker,start,end,score,word
            x,wav/a.wav,train,s,,,1,p
            y,wav/a.wav,train,s,0.5,1.25,2,q
            z,wav/b.wav,test1,,1,,,r

            """
        let tree = try Self.tree(text)
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()), checksAudio: true)
        #expect(corpus.manifest.csvText() == text)
        #expect(corpus.report.segments == 2 && corpus.report.files == 2)
        #expect(corpus.report.seconds == 2 + 0.75 + 1)
    }

    @Test(arguments: [
        ("a,wav/a.wav,train,s,0 days 00:00:00.500000,0 days 00:00:01.250000,1", "0.5,1.25"),
        ("a,wav/a.wav,train,s,00:00:00.5,NaT,1", "0.5,"), ("a,wav/a.wav,train,s,500ms,1.5s,1", "0.5,1.5"),
        ("a,wav/a.wav,train,s,0.5,1.5,1", "0.5,1.5"),
    ])
    func readsTimes(row: String, expected: String) throws {
        let tree = try Self.tree("id,path,split,speaker,start,end,score\n\(row)\n")
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()))
        #expect(corpus.manifest.csvText().hasSuffix(",\(expected),1\n"))
    }

    @Test func idsOfSegmentsTellTheirBounds() throws {
        let tree = try Self.tree("path,split,start,end\nwav/a.wav,train,0,1\nwav/a.wav,train,1,\nwav/a.wav,dev,,\n")
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()))
        #expect(corpus.manifest.utterances.map(\.id) == ["wav/a@0-1", "wav/a@1-", "wav/a"])
    }

    /// pandas writes its index under no name: the manifest had a column without one, which stage one refused.
    @Test(arguments: [
        (",path,split,speaker,score\n0,wav/a.wav,train,s,1\n", "1"),
        ("path,split, ,speaker,score,,\nwav/a.wav,train,,s,1,x,\n", "3, 6, 7"),
    ])
    func columnsWithoutANameAreLeftOut(text: String, places: String) throws {
        let tree = try Self.tree(text)
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()))
        #expect(tree.faults(corpus) == [])
        #expect(corpus.manifest.columns == ["id", "path", "split", "speaker", "score"])
        #expect(
            corpus.report.remarks.map(tree.shortened) == [
                "labels.csv:1: left out for want of a name in the header: column \(places)"
            ])
        try corpus.write(skipsFaults: false, replaces: false)
        let manifest = try CorpusManifest.load("\(tree.path)/manifest.csv", labels: ["score"])
        #expect(manifest.utterances == corpus.manifest.utterances)
        let chosen = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options("mark=score")))
        #expect(chosen.report.remarks.isEmpty)
    }

    /// Rows of files whose names begin with a hash were taken for comments, and went without a word.
    @Test func onlyLinesAboveTheHeaderAreComments() throws {
        let tree = try Self.tree(
            "# of May\n#\npath,split\n#12.wav,train\nwav/a.wav,dev\n# b is noisy\n", recordings: ["a"])
        try tree.record("#12.wav")
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()))
        #expect(corpus.manifest.utterances.map(\.id) == ["#12", "wav/a"])
        #expect(tree.faults(corpus) == ["labels.csv:6: 1 cells; expected 2, as in the header"])
    }

    static let times = "expected seconds or a time such as 0 days 00:00:01.500"
    static let faults: [(String, String)] = [
        ("z,wav/a.wav,train,s,,,high", "valence is 'high'; expected a number, or nothing where unlabelled"),
        (
            "z,wav/a.wav,zzz,s,,,1",
            "split is 'zzz'; expected train, development, test or test1, test2, …, or a usual name of one"
        ),
        ("z,wav/a.wav,train,s,soon,,1", "start is 'soon'; \(times)"),
        ("z,wav/a.wav,train,s,,-1 days +23:59:59,1", "end is '-1 days +23:59:59'; \(times)"),
        ("z,wav/a.wav,train,s,1,0.5,1", "start '1' is not before end '0.5'; expected start < end"),
        ("z,wav/q.wav,train,s,,,1", "wav/q.wav is not there; expected the recording of 'z'"),
        ("x,wav/b.wav,train,s,,,1", "id 'x' is there already, on line 2; ids must be unique"),
        (
            "z,wav/a.wav,train,s,1.5,9,1",
            "wav/a.wav: the segment from 1.5 s to 9 s goes beyond the 2 s that can be read of the file; correct the "
                + "manifest's start and end, or leave end empty for the file's end"
        ),
        (
            "z,labels.csv,train,s,,,1",
            "labels.csv: cannot be read as audio (Format not recognised); expected WAV, FLAC or another libsndfile format"
        ),
    ]

    @Test(arguments: faults)
    func namesFaults(row: String, expected: String) throws {
        let tree = try Self.tree("id,path,split,speaker,start,end,valence\nx,wav/a.wav,train,s,,,1\n\(row)\n")
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()), checksAudio: true)
        #expect(tree.faults(corpus) == ["labels.csv:3: \(expected)"])
        #expect(corpus.manifest.utterances.map(\.id) == ["x"])
    }

    @Test func findsWhatIsThereTwice() throws {
        let tree = try Self.tree(
            "id,path,split,speaker\na,wav/a.wav,train,s\nagain,wav/a.wav,test,t\ncopy,wav/copy.wav,dev,u\nb,wav/b.wav,dev,u\n"
        )
        try tree.record("wav/copy.wav", pitch: 1, frames: 32_000)
        let adapter = TableCorpus("\(tree.path)/labels.csv", options: try options())
        let repeated = "labels.csv:3: 'again' (test) is the same part of the same file as 'a' (train)"
        #expect(try tree.warnings(tree.assemble(adapter)) == [repeated])
        let checked = try tree.assemble(adapter, checksAudio: true)
        #expect(
            tree.warnings(checked) == [
                repeated, "labels.csv:4: 'copy' (development) has the same content as 'a' (train)",
            ])
        #expect(checked.faults.isEmpty && checked.manifest.utterances.count == 4)
    }

    @Test func saysWhatToGive() throws {
        let tree = try Self.tree("FileName,Split\na,train\n")
        func failure(_ options: TableOptions, _ file: String = "labels.csv") -> String {
            tree.failure(TableCorpus("\(tree.path)/\(file)", options: options))
        }
        #expect(
            try failure(options())
                == "labels.csv: no column 'path'; say which it is with --column path=NAME; the columns are FileName, Split"
        )
        #expect(
            try failure(options("path=FileName"))
                == "labels.csv: no column 'split'; say which it is with --column split=NAME, or --fractions "
                + "train=0.7,development=0.15,test=0.15; the columns are FileName, Split")
        #expect(
            try failure(options("path=Filename"))
                == "labels.csv:1: no column 'Filename'; the columns are FileName, Split; did you mean FileName?")
        #expect(
            try failure(options("path=FileName", "path=Split"))
                == "--column path=…: is given twice; expected each column of the manifest once")
        #expect(
            try failure(options("path=FileName", "split=Split", scales: ["valence=1:7"]))
                == "--scale valence=…: the manifest has no such column; it has ")
        #expect(try failure(options(), "none.csv") == "none.csv: not there; expected \(TableCorpus.expectedLayout)")
        #expect(
            try failure(options(), "wav")
                == "wav: cannot be read: it is a folder; give the CSV file, such as wav/labels.csv")
    }

    @Test(arguments: ["", "a", "=b", "a=", "a=:b", "a=t:"])
    func mappingsThatMakeNoSense(text: String) { #expect(ColumnMapping(text) == nil) }

    @Test(arguments: ["", "a", "a=1", "a=7:1", "a=1:x", "=1:7", "a=1:2:3"])
    func scalesThatMakeNoSense(text: String) { #expect(NamedScale(text) == nil) }

    @Test func theManifestMustLieAboveTheAudio() throws {
        let tree = try Self.tree("path,split\nwav/a.wav,train\n")
        let adapter = TableCorpus("\(tree.path)/labels.csv", options: try options())
        let draft = try adapter.read()
        let error = #expect(throws: AdapterError.self) {
            try AssembledCorpus(draft, of: adapter, manifestPath: "\(tree.path)/study/manifest.csv")
        }
        #expect(
            error?.kind == .usage
                && error.map(tree.shortened)?.hasPrefix("study/manifest.csv: its paths cannot") == true)
    }

    @Test func anotherManifestIsNotReplacedUnasked() throws {
        let tree = try Self.tree("path,split\nwav/a.wav,train\n")
        let corpus = try tree.assemble(TableCorpus("\(tree.path)/labels.csv", options: options()))
        try corpus.write(skipsFaults: false, replaces: false)
        try corpus.write(skipsFaults: false, replaces: false)
        try tree.write("manifest.csv", "mine\n")
        let error = #expect(throws: AdapterError.self) { try corpus.write(skipsFaults: false, replaces: false) }
        #expect(error?.kind == .cannotWrite)
        try corpus.write(skipsFaults: false, replaces: true)
        #expect(try CorpusManifest.load("\(tree.path)/manifest.csv").utterances.count == 1)
    }
}

@Suite struct SplitFractionsTests {
    static func tree(speakers: Int, each: Int, unknown: Int = 0) throws -> CorpusTree {
        let tree = try CorpusTree()
        var rows: [String] = []
        for speaker in 0..<speakers { for index in 0..<each { rows.append("r\(speaker)_\(index).wav,s\(speaker)") } }
        for index in 0..<unknown { rows.append("u\(index).wav,") }
        try tree.write("labels.csv", "path,speaker\n" + rows.map { $0 + "\n" }.joined())
        return tree
    }

    static func splits(_ tree: CorpusTree, _ fractions: String, seed: UInt64 = 0) throws -> [String: Split] {
        let adapter = TableCorpus(
            "\(tree.path)/labels.csv", options: try options(fractions: fractions, seed: seed))
        return Dictionary(uniqueKeysWithValues: try adapter.read().rows.map { ($0.id, $0.split) })
    }

    @Test func speakersStayTogetherAndSharesAreMet() throws {
        let tree = try Self.tree(speakers: 40, each: 5, unknown: 20)
        let adapter = TableCorpus(
            "\(tree.path)/labels.csv", options: try options(fractions: "train=0.7,development=0.1,test1=0.2"))
        let rows = try adapter.read().rows
        for speaker in Set(rows.compactMap(\.speaker)) {
            #expect(Set(rows.filter { $0.speaker == speaker }.map(\.split)).count == 1)
        }
        for (split, share) in [(Split.train, 0.7), (.development, 0.1), (.test("1"), 0.2)] {
            let count = rows.count { $0.split == split }
            #expect(abs(Double(count) - share * 220) <= 10, "\(split): \(count)")
        }
    }

    /// The same seed gives the same splits, in whatever order the rows are; another seed gives others.
    @Test func theSeedDecides() throws {
        let tree = try Self.tree(speakers: 12, each: 2)
        let shares = "train=0.5,development=0.25,test=0.25"
        let splits = try Self.splits(tree, shares)
        #expect(try Self.splits(tree, shares) == splits)
        #expect(try Self.splits(tree, shares, seed: 1) != splits)
        let rows = (0..<12).reversed().flatMap { ["r\($0)_1.wav,s\($0)\n", "r\($0)_0.wav,s\($0)\n"] }
        try tree.write("labels.csv", "path,speaker\n" + rows.joined())
        #expect(try Self.splits(tree, shares) == splits)
    }

    @Test func noSplitIsEmptyWhereThereAreSpeakersEnough() throws {
        let tree = try Self.tree(speakers: 3, each: 4)
        #expect(try Set(Self.splits(tree, "train=0.9,development=0.05,test=0.05").values).count == 3)
        let few = try Self.tree(speakers: 2, each: 4)
        let adapter = TableCorpus(
            "\(few.path)/labels.csv", options: try options(fractions: "train=0.9,development=0.05,test=0.05"))
        #expect(
            few.failure(adapter)
                == "--fractions: 3 splits for 2 speakers, each of whom goes into one; expected as many speakers at least"
        )
    }

    @Test(arguments: [
        "", "train=1", "train=0.5,test=0.4", "train=0.5,train=0.5", "train=0.5,dev=0.5", "train=1.5,test=-0.5",
    ])
    func sharesThatMakeNoSense(text: String) { #expect(SplitFractions(text) == nil) }
}
