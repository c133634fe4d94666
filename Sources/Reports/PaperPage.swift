import Files
import Study

/// A study as one HTML page that needs nothing but itself.
///
/// Equal runs give equal bytes: the page carries no date.
public struct PaperPage: Sendable {
    public let table: StudyTable
    public let title: String

    public init(_ table: StudyTable, title: String? = nil) {
        self.table = table
        self.title = title ?? "Full, partial and cached finetuning compared"
    }

    /// - Throws: `ReportError.template`.
    public func html() throws(ReportError) -> String {
        try rendered("paper", of: ["paper": paperTemplate], context)
    }

    private var context: [String: Any] {
        let circumstances = table.circumstances
        var context: [String: Any] = [
            "title": title, "style": reportStyle + paperStyle, "script": reportScript, "badges": badges,
            "statements": circumstances.statements, "warnings": circumstances.warnings + unfinished, "cards": cards,
            "sections": PaperTables(table).sections.map(Self.context),
            "versions": circumstances.versions.joined(separator: " · "),
        ]
        context["description"] = circumstances.corpus?.description
        if let chart { context["chart"] = chart }
        return context
    }

    private var unfinished: [String] {
        table.missing.isEmpty ? [] : ["not trained yet: \(table.missing.joined(separator: ", "))"]
    }

    private var badges: [[String: String]] {
        let circumstances = table.circumstances
        var badges: [[String: String]] = []
        if circumstances.corpus?.synthetic == true { badges.append(["text": "synthetic speech", "kind": "synthetic"]) }
        if circumstances.isRandom { badges.append(["text": "random encoder: no reproduction", "kind": "alarm"]) }
        badges.append(["text": circumstances.model, "kind": ""])
        for device in circumstances.devices { badges.append(["text": device, "kind": ""]) }
        return badges
    }

    /// The three figures that the paper leads with.
    private var cards: [[String: String]] {
        table.publishedAndMeasured.map { setUp, figure, measured in
            [
                "name": setUp.title, "measured": PaperTables.percent(measured), "what": figure.quantity.title,
                "paper": "\(Format.fixed(100 * figure.reduction, 0)) %",
                "transfers": figure.transfers ? "a count, the same anywhere" : "on a GPU",
            ]
        }
    }

    /// How much time has gone by after so many epochs, the cache's making included: where lines cross, the cache has paid.
    private var chart: [String: Any]? {
        guard let full = table.rows.first else { return nil }
        let cached =
            table.rows.first { $0.setUp.family == .top(layers: 3) && $0.cache != nil }
            ?? table.rows.first { $0.cache != nil }
        guard let cached else { return nil }
        let pooled = table.rows.first {
            $0.setUp.family == cached.setUp.family && $0.setUp.pool > cached.setUp.pool && $0.cache != nil
        }
        let rows =
            [full] + table.rows.filter { $0.setUp == cached.setUp.uncached } + [cached] + (pooled.map { [$0] } ?? [])
        let series = rows.enumerated().map { index, row in
            LineChart.Series(
                name: row.setUp.isPooled ? "pooled" : row.setUp.isCached ? "cached" : row.setUp.trained, colour: index,
                points: (0...20).map { ($0, (row.cache?.seconds ?? 0) + Double($0) * row.secondsPerEpoch) })
        }
        let picture = LineChart(
            id: "time", title: "Seconds gone by after so many epochs, the cache's making included", series: series,
            include: [0])
        return [
            "title": picture.title, "svg": picture.svg,
            "legend": zip(rows, series).map { ["name": $0.setUp.title, "colour": "\($1.colour)"] },
        ]
    }

    private static func context(of section: PaperTables.Section) -> [String: Any] {
        [
            "id": section.id, "title": section.title, "note": section.note, "headers": section.headers,
            "rows": section.rows.map { row -> [String: Any] in
                [
                    "name": row.name,
                    "cells": row.cells.map { cell -> [String: Any] in
                        var entry: [String: Any] = ["text": cell.text]
                        entry["detail"] = cell.detail
                        return entry
                    },
                ]
            },
        ]
    }
}
