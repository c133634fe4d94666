import Runs

/// The table of trials: without its script a plain one, best first; with it, sorted by any column.
extension SweepRecord {
    private struct Column {
        var title: String
        /// Numbers, to the right.
        var isNumber = true
        /// Which way a first click sorts.
        var isBestHigh = false
        var cell: (Int, Trial) -> (text: String, value: Double?)
    }

    var table: [String: Any] {
        let columns = columns
        let rows = trials.enumerated().map { index, trial -> [String: Any] in
            let cells = columns.map { column -> [String: Any] in
                let (text, value) = column.cell(index, trial)
                var cell: [String: Any] = ["text": text, "kind": column.isNumber ? "" : "text"]
                // What reads as a number sorts by what it reads as.
                if column.isNumber { cell["value"] = value.map { "\($0)" } ?? "" }
                return cell
            }
            return [
                "index": "\(index)", "rank": "\(index + 1)", "id": trial.id, "tip": tip(index, trial), "cells": cells,
                "colour": index < SweepCurveChart.highlighted ? "c\(index)" : "grey",
            ]
        }
        return [
            "caption": counts,
            "headers": columns.map { column in
                ["title": column.title, "kind": column.isNumber ? "" : "text", "high": column.isBestHigh]
                    as [String: Any]
            },
            "rows": rows,
        ]
    }

    private func tip(_ index: Int, _ trial: Trial) -> String {
        let settings = words(trial)
        return "#\(index + 1) · \(criterion.title) \(text(score(trial))) · \(stateWords(of: trial))"
            + (settings.isEmpty ? "" : " · \(settings)")
    }

    private var columns: [Column] {
        let split = headlineSplit
        var columns = [
            Column(title: "\(criterion.title), development", isBestHigh: criterion.isHigherBetter) { _, trial in
                let score = score(trial)
                return (text(score), score?.mean)
            }
        ]
        if trials.contains(where: { $0.runs.contains { $0.result != nil } }), split != "development" {
            columns += dimensions.map { dimension in
                Column(title: "CCC \(dimension), \(split)", isBestHigh: true) { _, trial in
                    let spread = testCCC(trial, split: split, dimension)
                    return (text(spread), spread?.mean)
                }
            }
        }
        columns.append(Column(title: "State", isNumber: false) { _, trial in (stateWords(of: trial), nil) })
        columns.append(Column(title: "Epochs") { _, trial in ("\(trial.epochs)", Double(trial.epochs)) })
        columns += parameters.map(column)
        if isSeeded {
            columns.append(Column(title: "Seeds") { _, trial in ("\(trial.runs.count)", Double(trial.runs.count)) })
        }
        columns.append(Column(title: "Time") { _, trial in (Format.seconds(trial.seconds), trial.seconds) })
        if trials.contains(where: { $0.peakMemoryBytes != nil }) {
            columns.append(
                Column(title: "Peak memory") { _, trial in
                    (trial.peakMemoryBytes.map(Format.bytes) ?? "–", trial.peakMemoryBytes.map(Double.init))
                })
        }
        return columns
    }

    private func column(of parameter: Parameter) -> Column {
        var isNumber = true
        if case .categorical(let names) = parameter.scale { isNumber = names.allSatisfy { Double($0) != nil } }
        return Column(title: title(of: parameter), isNumber: isNumber) { _, trial in
            let setting = trial.settings[parameter.key]
            return (text(setting, of: parameter), setting.flatMap(Double.init))
        }
    }
}
