import Corpus
import CorpusAdapters
import Testing

/// Trees as audformat 1.4 writes them.
@Suite struct AudformatTests {
    static let header = """
        name: demo
        source: x
        usage: unrestricted
        languages: [eng]
        raters:
          gold: {type: human}
        schemes:
          arousal: {dtype: float, minimum: 0, maximum: 1}
          n: {dtype: int}
          speaker:
            dtype: str
            labels:
              s1: {gender: female}
              s2: {gender: male}
        splits:
          dev: {type: dev}
          test: {type: test}
          train: {type: train}
        tables:
          files:
            type: filewise
            columns:
              speaker: {scheme_id: speaker}
          seg.train:
            type: segmented
            split_id: train
            columns:
              arousal: {scheme_id: arousal, rater_id: gold}
              n: {scheme_id: n}
          seg.test:
            type: segmented
            split_id: test
            columns:
              arousal: {scheme_id: arousal, rater_id: gold}
              n: {scheme_id: n}

        """
    static let train = """
        file,start,end,arousal,n
        audio/a.wav,0 days 00:00:00.000000,0 days 00:00:01.500000,0.1,1
        audio/a.wav,0 days 00:00:01.500000,0 days 00:00:02.750000,0.25,2
        audio/b.wav,0 days 00:00:00.000000,,,

        """

    static func tree() throws -> CorpusTree {
        let tree = try CorpusTree()
        try tree.write("db.yaml", header)
        try tree.write("db.files.csv", "file,speaker\naudio/a.wav,s1\naudio/b.wav,s2\naudio/c.wav,\n")
        try tree.write("db.seg.train.csv", train)
        try tree.write(
            "db.seg.test.csv", "file,start,end,arousal,n\naudio/c.wav,0 days 00:00:00.500000,0 days 00:00:01,1.5,3\n")
        for (index, name) in ["a", "b", "c"].enumerated() {
            try tree.record("audio/\(name).wav", pitch: index + 1, frames: 48_000)
        }
        return tree
    }

    static func options(_ columns: String..., fractions: String? = nil) throws -> TableOptions {
        TableOptions(
            columns: try columns.map { try #require(ColumnMapping($0)) },
            fractions: try fractions.map { try #require(SplitFractions($0)) })
    }

    @Test func readsSegmentedTables() throws {
        let tree = try Self.tree()
        let corpus = try tree.assemble(
            Audformat(
                tree.path, tables: ["seg.train", "seg.test"],
                options: Self.options("activation=arousal", "count=n", "speaker=files:speaker")), checksAudio: true)
        #expect(tree.faults(corpus) == [])
        #expect(
            corpus.manifest.csvText() == """
                id,path,split,speaker,start,end,activation,count
                audio/a@0-1.5,audio/a.wav,train,s1,0,1.5,0.1,1
                audio/a@1.5-2.75,audio/a.wav,train,s1,1.5,2.75,0.25,2
                audio/b,audio/b.wav,train,s2,,,,
                audio/c@0.5-1,audio/c.wav,test,,0.5,1,1.5,3

                """)
        #expect(corpus.report.labels.map(\.summary.name) == ["activation", "count"])
        #expect(corpus.report.labels[0].outOfScale == 1 && corpus.report.labels[1].scale == nil)
        try corpus.write(skipsFaults: false, replaces: false)
        #expect(
            try CorpusManifest.load("\(tree.path)/manifest.csv").utterances == corpus.manifest.utterances)
    }

    /// Without --column all columns come along, arousal under the manifest's usual name.
    @Test func readsAFilewiseTable() throws {
        let tree = try CorpusTree()
        try tree.write(
            "db.yaml",
            """
            name: one
            schemes: {}
            tables:
              emotion:
                type: filewise
                columns: {arousal: {}, speaker: {}, part: {}}
            """)
        try tree.write("db.emotion.csv", "file,arousal,speaker,part\na.wav,0.5,s1,train\nb.wav,0.75,s2,dev\n")
        for name in ["a", "b"] { try tree.record("\(name).wav") }
        let corpus = try tree.assemble(Audformat(tree.path, options: Self.options(fractions: "train=0.5,test=0.5")))
        #expect(corpus.manifest.columns == ["id", "path", "split", "speaker", "activation", "part"])
        #expect(corpus.column("activation") == ["a": "0.5", "b": "0.75"])
        #expect(Set(corpus.column("split").values) == ["train", "test"])
        let mapped = try tree.assemble(Audformat(tree.path, options: Self.options("split=part", "valence=arousal")))
        #expect(mapped.column("split") == ["a": "train", "b": "development"])
        #expect(mapped.column("speaker") == ["a": "s1", "b": "s2"] && mapped.column("valence")["a"] == "0.5")
    }

    /// Splits of one type became one, without a word: two test sets were scored together.
    @Test(
        arguments: [
            (["test-1", "test-2"], "test", ["test1", "test2"], nil),
            (["test", "clean"], "test", ["test", "test-clean"], nil),
            (["Test.1", "test_01"], "test", ["test", "test"], "'Test.1', 'test_01' are one in the manifest, test"),
            (["day", "night"], "train", ["train", "train"], "'day', 'night' are one in the manifest, train"),
            (["test-1", "test-1"], "test", ["test", "test"], nil),
        ] as [([String], String, [String], String?)])
    func splitsOfOneTypeKeepTheirNamesWhereTheyCan(
        ids: [String], type: String, expected: [String], remark: String?
    ) throws {
        let tree = try CorpusTree()
        let splits = Set(ids).sorted().map { "  \($0): {type: \(type)}\n" }.joined()
        let tables = zip(["a", "b"], ids).map { "  \($0): {type: filewise, split_id: \($1), columns: {arousal: {}}}\n" }
        try tree.write("db.yaml", "name: x\nsplits:\n\(splits)tables:\n\(tables.joined())")
        for name in ["a", "b"] {
            try tree.write("db.\(name).csv", "file,arousal\n\(name).wav,0.5\n")
            try tree.record("\(name).wav")
        }
        let corpus = try tree.assemble(Audformat(tree.path, tables: ["a", "b"], options: Self.options()))
        #expect(corpus.manifest.utterances.map { "\($0.split)" } == expected)
        #expect(corpus.report.remarks.map(tree.shortened) == remark.map { ["db.yaml: the splits \($0)"] } ?? [])
        try corpus.write(skipsFaults: false, replaces: false)
        #expect(try CorpusManifest.load("\(tree.path)/manifest.csv").utterances == corpus.manifest.utterances)
    }

    @Test func refusesPicklesWithTheWayOut() throws {
        let tree = try Self.tree()
        try tree.remove("db.seg.train.csv")
        try tree.write("db.seg.train.pkl", "pickle")
        let failure = tree.failure(Audformat(tree.path, tables: ["seg.train"], options: try Self.options()))
        #expect(
            failure.hasPrefix("db.seg.train.pkl: is a pickle, and these are not read; write it as CSV beside it with "))
        #expect(failure.contains(".save('\(tree.path)', storage_format='csv')\""))
    }

    /// What was wrong in a table that columns are looked up in used to go unsaid: its faulty lines were dropped, of two lines of a file the
    /// first was taken, and a file that was not there had no speaker.
    @Test func reportsWhatIsWrongInALookupTable() throws {
        let tree = try Self.tree()
        try tree.write("db.files.csv", "file,speaker\naudio/a.wav,s1\naudio/b.wav\naudio/a.wav,s2\n,s3\n")
        let corpus = try tree.assemble(
            Audformat(
                tree.path, tables: ["seg.train"], options: Self.options("activation=arousal", "speaker=files:speaker")))
        #expect(
            tree.faults(corpus) == [
                "db.files.csv:3: 1 cells; expected 2, as in the header",
                "db.files.csv:4: file 'audio/a.wav' is there already, on line 2; expected a line per file",
                "db.files.csv:5: file is empty; expected a name",
            ])
        #expect(
            tree.warnings(corpus) == [
                "db.seg.train.csv:4: db.files.csv has no file 'audio/b.wav'; speaker is empty there"
            ])
        #expect(corpus.report.counts == ["label": 3, "not_in_table": 1])
        #expect(corpus.column("speaker") == ["audio/a@0-1.5": "s1", "audio/a@1.5-2.75": "s1", "audio/b": ""])
        #expect(throws: AdapterError.self) { try corpus.write(skipsFaults: false, replaces: false) }
        try corpus.write(skipsFaults: true, replaces: false)
    }

    /// Once for each file, at the first row that has no fault of its own.
    @Test func saysOnceThatAFileIsNotInATable() throws {
        let tree = try Self.tree()
        try tree.write("db.files.csv", "file,speaker\naudio/b.wav,s2\n")
        try tree.write("db.seg.train.csv", Self.train.replacing("0.1,1", with: "high,1") + "audio/a.wav,2,,0.5,1\n")
        let corpus = try tree.assemble(
            Audformat(
                tree.path, tables: ["seg.train"],
                options: Self.options("activation=arousal", "speaker=files:speaker", "who=files:speaker")))
        #expect(
            tree.warnings(corpus) == [
                "db.seg.train.csv:3: db.files.csv has no file 'audio/a.wav'; speaker, who are empty there"
            ])
        #expect(tree.faults(corpus).count == 1)
    }

    @Test(arguments: [
        ("audio/a.wav,0 days,1.5,high,1", "arousal is 'high'; expected a number, or nothing where unlabelled"),
        (
            "audio/a.wav,0 days 00:00:02,0 days 00:00:01,0.5,1",
            "start '0 days 00:00:02' is not before end '0 days 00:00:01'; expected start < end"
        ),
        ("audio/q.wav,0 days 00:00:00,NaT,0.5,1", "audio/q.wav is not there; expected the recording of 'audio/q'"),
        (
            "audio/a.wav,0 days 00:00:00,0 days 00:00:01.5,0.5,1",
            "id 'audio/a@0-1.5' is there already, on line 2; ids must be unique"
        ),
    ])
    func namesFaults(row: String, expected: String) throws {
        let tree = try Self.tree()
        try tree.write("db.seg.train.csv", "\u{FEFF}" + Self.train + row + "\r\n")
        let corpus = try tree.assemble(Audformat(tree.path, tables: ["seg.train"], options: Self.options()))
        #expect(tree.faults(corpus) == ["db.seg.train.csv:5: \(expected)"])
        #expect(corpus.manifest.utterances.count == 3)
    }

    @Test func saysWhatToGive() throws {
        let tree = try Self.tree()
        func failure(_ tables: [String], _ options: TableOptions) -> String {
            tree.failure(Audformat(tree.path, tables: tables, options: options))
        }
        let listing = "files (speaker), seg.train (arousal, n), seg.test (arousal, n)"
        #expect(
            try failure([], Self.options())
                == "db.yaml: which tables hold the utterances? Give --table NAME, of \(listing)")
        #expect(
            try failure(["seg.trian"], Self.options())
                == "db.yaml: no table 'seg.trian'; the tables are \(listing); did you mean seg.train?")
        #expect(
            try failure(["seg.train"], Self.options("activation=arosal"))
                == "--column activation=arosal: no such column; the tables are \(listing); did you mean arousal?")
        #expect(
            try failure(["files"], Self.options())
                == "db.yaml: table 'files' has no split_id; give --column split=NAME, or --fractions "
                + "train=0.7,development=0.15,test=0.15")
        #expect(
            try failure(["seg.train"], Self.options("speaker=files:who"))
                == "--column speaker=files:who: no such column; the tables are \(listing)")
        try tree.write("db.yaml", Self.header.replacing("split_id: train", with: "split_id: extra"))
        #expect(
            try failure(["seg.train"], Self.options())
                == "db.yaml: split 'extra' is of type ''; expected train, dev or test")
        try tree.write("db.yaml", "name: [\n")
        #expect(try failure([], Self.options()).hasPrefix("db.yaml: is no YAML: "))
        try tree.write("db.yaml", "name: x\n")
        #expect(
            try failure([], Self.options()) == "db.yaml: has no tables; expected \(Audformat.expectedLayout)")
    }
}
