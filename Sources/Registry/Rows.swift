internal import GRDB
import Runs

// What goes into the tables and comes out of them. Columns have the names of the coding keys.

/// A row; the library's protocols stay out of what this module makes public.
struct Record<Content: Codable>: Codable, FetchableRecord, EncodableRecord {
    let content: Content

    init(_ content: Content) { self.content = content }
    init(from decoder: any Decoder) throws { content = try Content(from: decoder) }
    func encode(to encoder: any Encoder) throws { try content.encode(to: encoder) }
}

extension Database {
    /// Of two rows that say they are the same one, as of an epoch that stands in a file twice, the later holds.
    /// - Parameter run: whose row it is, of the tables whose rows are a run's.
    func insert(_ content: some Codable, into table: String, run: String? = nil) throws {
        var cells = try Record(content).databaseDictionary
        if let run { cells["run"] = run.databaseValue }
        let columns = cells.keys.sorted()
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        try cachedStatement(
            sql: "INSERT OR REPLACE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(marks))"
        )
        .execute(arguments: StatementArguments(columns.compactMap { cells[$0] }))
    }

    /// Puts a run in place of what was known of it.
    func replace(_ run: RegisteredRun, fingerprint: String) throws {
        let name = run.facts.directory
        try remove(name)
        try insert(run.facts, into: "run")
        for (key, value) in run.configuration {
            try cachedStatement(sql: "INSERT INTO setting (run, key, value) VALUES (?, ?, ?)")
                .execute(arguments: [name, key, value.databaseValue])
        }
        for epoch in run.history { try insert(epoch, into: "epoch", run: name) }
        for score in run.epochScores { try insert(score, into: "epoch_score", run: name) }
        for score in run.scores { try insert(score, into: "score", run: name) }
        try cachedStatement(sql: "INSERT INTO source (run, fingerprint) VALUES (?, ?)")
            .execute(arguments: [name, fingerprint])
    }

    func remove(_ name: String) throws {
        try cachedStatement(sql: "DELETE FROM run WHERE directory = ?").execute(arguments: [name])
    }

    /// A run with all that hangs on it.
    func run(_ facts: RegisteredRun.Facts) throws -> RegisteredRun {
        let name: StatementArguments = [facts.directory]
        let settings = try Row.fetchAll(
            cachedStatement(sql: "SELECT key, value FROM setting WHERE run = ?"), arguments: name)
        return RegisteredRun(
            facts: facts,
            configuration: Dictionary(
                settings.map { ($0["key"], SettingValue($0["value"])) }, uniquingKeysWith: { $1 }),
            history: try Record<RegisteredRun.Epoch>.fetchAll(
                cachedStatement(sql: "SELECT * FROM epoch WHERE run = ? ORDER BY epoch"), arguments: name
            ).map(\.content),
            epochScores: try Record<RegisteredRun.EpochScore>.fetchAll(
                cachedStatement(
                    sql: "SELECT * FROM epoch_score WHERE run = ? ORDER BY epoch, dimension, metric"), arguments: name
            ).map(\.content),
            scores: try Record<RegisteredRun.Score>.fetchAll(
                cachedStatement(sql: "SELECT * FROM score WHERE run = ? ORDER BY split, dimension, metric"),
                arguments: name
            ).map(\.content))
    }
}

extension SettingValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null, .blob: self = .null
        case .int64(let value): self = .integer(Int(value))
        case .double(let value): self = .number(value)
        case .string("true"): self = .truth(true)
        case .string("false"): self = .truth(false)
        case .string(let text): self = .text(text)
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .integer(let value): value.databaseValue
        case .number(let value): value.databaseValue
        case .truth(let value): "\(value)".databaseValue
        case .text(let value): value.databaseValue
        case .null: .null
        }
    }
}
