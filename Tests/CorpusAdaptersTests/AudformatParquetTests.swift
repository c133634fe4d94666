import Corpus
import CorpusAdapters
import Foundation
import Testing

/// A database written by audformat, as CSV and as Parquet (`Fixtures/make_audformat.py`).
@Suite struct AudformatParquetTests {
    /// A copy of the database with a recording for each file.
    static func tree(_ form: String) throws -> CorpusTree {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Fixtures/audformat-\(form)").path(percentEncoded: false)
        let tree = try CorpusTree()
        for name in try FileManager.default.contentsOfDirectory(atPath: fixture) {
            try tree.write(name, Data(contentsOf: URL(filePath: "\(fixture)/\(name)")))
        }
        for index in 0..<12 {
            try tree.record("audio/\(index < 10 ? "0" : "")\(index).wav", pitch: index + 1, frames: 32_000)
        }
        return tree
    }

    static let columns = [
        "activation=arousal", "valence=valence", "rating=rating", "acted=acted", "note=note", "day=day", "taken=taken",
        "pause=pause", "speaker=files:speaker", "gender=files:gender",
    ]

    static func corpus(_ tree: CorpusTree, _ tables: [String], _ columns: [String] = columns) throws -> AssembledCorpus
    {
        let columns = try columns.map { try #require(ColumnMapping($0)) }
        return try tree.assemble(
            Audformat(tree.path, tables: tables, options: TableOptions(columns: columns)), checksAudio: true)
    }

    /// Every kind of column, filewise and segmented, over split tables.
    @Test(arguments: ["emotion", "segments"])
    func givesTheManifestOfItsCSVTwin(table: String) throws {
        let tables = ["train", "dev", "test"].map { "\(table).\($0)" }
        let plain = try Self.tree("csv"), parquet = try Self.tree("parquet")
        let expected = try Self.corpus(plain, tables), found = try Self.corpus(parquet, tables)
        #expect(plain.faults(expected) == [] && parquet.faults(found) == [])
        #expect(found.manifest.csvText() == expected.manifest.csvText())
        #expect(found.report.labels.map(\.summary) == expected.report.labels.map(\.summary))
        #expect(found.manifest.utterances.count == (table == "segments" ? 24 : 12))
        #expect(Set(found.column("gender").values) == ["female", "male", ""])
        // Were both empty, they would be equal too.
        for name in ["activation", "valence", "rating", "acted", "note", "day", "taken", "pause"] {
            #expect(Set(found.column(name).values).count > 1, "\(name)")
        }
    }

    /// Without --column.
    @Test func takesAllColumns() throws {
        let plain = try Self.tree("csv"), parquet = try Self.tree("parquet")
        let expected = try Self.corpus(plain, ["segments.dev"], [])
        #expect(try Self.corpus(parquet, ["segments.dev"], []).manifest.csvText() == expected.manifest.csvText())
        #expect(expected.manifest.columns.contains("activation") && expected.manifest.columns.contains("pause"))
    }

    @Test func readsCSVWhereBothAreThere() throws {
        let tree = try Self.tree("parquet")
        try tree.write("db.emotion.dev.csv", "file,arousal\naudio/00.wav,0.75\n")
        let corpus = try Self.corpus(tree, ["emotion.dev"], ["activation=arousal"])
        #expect(corpus.column("activation") == ["audio/00": "0.75"])
        #expect(
            corpus.report.remarks.map(tree.shortened)
                == ["db.emotion.dev.csv was read, and not db.emotion.dev.parquet beside it"])
        #expect(try Self.corpus(Self.tree("parquet"), ["emotion.dev"]).report.remarks == [])
    }

    /// Faults of a row name the file and the row.
    @Test func namesRows() throws {
        let tree = try Self.tree("parquet")
        try tree.remove("audio/07.wav")
        let corpus = try Self.corpus(tree, ["emotion.dev"])
        #expect(
            tree.faults(corpus)
                == ["db.emotion.dev.parquet:2: audio/07.wav is not there; expected the recording of 'audio/07'"])
    }

    @Test func refusesFilesThatAreNone() throws {
        let tree = try Self.tree("parquet")
        func failure() throws -> String {
            tree.failure(Audformat(tree.path, tables: ["emotion.dev"], options: TableOptions()))
        }
        let path = "\(tree.path)/db.emotion.dev.parquet"
        let sound = try Data(contentsOf: URL(filePath: path))
        try tree.write("db.emotion.dev.parquet", sound.prefix(500))
        #expect(
            try failure()
                == "db.emotion.dev.parquet: is cut short or damaged; a Parquet file ends with a footer and PAR1")
        try tree.write("db.emotion.dev.parquet", "file,arousal\n")
        #expect(try failure() == "db.emotion.dev.parquet: is no Parquet file; such a file begins with PAR1")
        let gzip = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../ParquetTests/Fixtures/refused-gzip.parquet")
        try tree.write("db.emotion.dev.parquet", Data(contentsOf: gzip))
        #expect(
            try failure()
                == "db.emotion.dev.parquet: column 'file': is compressed with gzip; only Snappy and no compression are "
                + "read; write it as CSV beside it with python -c \"import audformat; "
                + "audformat.Database.load('\(tree.path)').save('\(tree.path)', storage_format='csv')\"")
        try tree.write("db.emotion.dev.parquet", Data(contentsOf: URL(filePath: "\(tree.path)/db.speakers.parquet")))
        #expect(try failure() == "db.emotion.dev.parquet: no column file; expected file, and found speaker, age")
    }
}
