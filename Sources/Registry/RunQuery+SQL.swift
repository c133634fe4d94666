import Faults
import Files
internal import GRDB
import Runs

extension RunQuery {
    /// The runs that answer, as far as their own table goes, in order.
    func facts(_ database: Database) throws -> [RegisteredRun.Facts] {
        let names = try ColumnNames(database)
        var request: SQL = "SELECT * FROM run WHERE 1"
        if !states.isEmpty { request += " AND state IN \(states.map(\.rawValue))" }
        for condition in conditions {
            let column = try names.column(condition.key).sql
            request += " AND \(condition.sql(column))"
        }
        if let sort {
            request += try order(by: names.column(sort).sql, isDescending: isDescending)
        } else if let isHigherBetter = try Self.onlyCriterion(database)?.isHigherBetter {
            request += order(by: RunColumn.fact("score").sql, isDescending: isHigherBetter != isDescending)
        } else {
            request += " ORDER BY directory"
        }
        if let limit { request += " LIMIT \(limit)" }
        return try Record<RegisteredRun.Facts>.fetchAll(database, SQLRequest(literal: request)).map(\.content)
    }

    /// What has no value comes last either way.
    private func order(by column: SQL, isDescending: Bool) -> SQL {
        " ORDER BY \(column) IS NULL, \(column) \(sql: isDescending ? "DESC" : "ASC"), directory"
    }

    private static func onlyCriterion(_ database: Database) throws -> BestCriterion? {
        let names = try String.fetchAll(database, sql: "SELECT DISTINCT metric FROM run WHERE score IS NOT NULL")
        return names.count == 1 ? BestCriterion(names[0]) : nil
    }
}

extension RunQuery.Condition {
    fileprivate func sql(_ column: SQL) -> SQL {
        switch value {
        case .null: return comparison == .different ? "\(column) IS NOT NULL" : "\(column) IS NULL"
        case .text(let text): return "\(column) \(sql: comparison.rawValue) \(text)"
        case .truth(let truth): return "\(column) \(sql: comparison.rawValue) \("\(truth)")"
        case .integer(let number): return Self.numeric(column, comparison, "\(number)")
        case .number(let number): return Self.numeric(column, comparison, "\(number)")
        }
    }

    /// SQLite holds any text to be more than any number.
    private static func numeric(_ column: SQL, _ comparison: Comparison, _ number: SQL) -> SQL {
        "(typeof(\(column)) IN ('integer', 'real') AND \(column) \(sql: comparison.rawValue) \(number))"
    }
}

extension RunColumn {
    var sql: SQL {
        switch self {
        case .fact(let name): "\(sql: name.quotedDatabaseIdentifier)"
        case .setting(let key): "(SELECT value FROM setting WHERE run = directory AND key = \(key))"
        case .score(let split, let dimension, let metric):
            """
            (SELECT value FROM score WHERE run = directory AND split = \(split) AND dimension = \(dimension)
            AND metric = \(metric))
            """
        }
    }
}

/// What may be asked for: what some run has.
struct ColumnNames {
    private let columns: [RunColumn]

    init(_ database: Database) throws {
        let settings = try String.fetchAll(database, sql: "SELECT DISTINCT key FROM setting ORDER BY key")
        let scores = try Row.fetchAll(database, sql: "SELECT DISTINCT split, dimension, metric FROM score")
        columns =
            RunColumn.facts + settings.map { .setting($0) }
            + scores.map { .score(split: $0["split"], dimension: $0["dimension"], metric: $0["metric"]) }
    }

    /// The column of that name; a setting of a fact's name is had as `config.epochs`. Of a longer name the end is enough, where it
    /// is that of no other.
    func column(_ name: String) throws(RegistryError) -> RunColumn {
        if let column = columns.first(where: { "\($0)" == name }) { return column }
        let explicit = "config."
        if name.hasPrefix(explicit) {
            let setting = RunColumn.setting(String(name.dropFirst(explicit.count)))
            if columns.contains(setting) { return setting }
        }
        let ends = columns.filter { "\($0)".hasSuffix(".\(name)") }
        if ends.count == 1 { return ends[0] }
        if ends.count > 1 {
            throw .query("'\(name)' may be \(abbreviated(ends.map { "\($0)" })); give more of the name")
        }
        let names = columns.map { "\($0)" }
        let hint =
            nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
            ?? "there are \(abbreviated(names)); --json shows all"
        throw .query("no run has '\(name)'; \(hint)")
    }
}
