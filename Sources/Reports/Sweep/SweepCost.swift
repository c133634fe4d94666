import Runs

/// What a sweep took: measured time and memory, and nothing that was not measured.
extension SweepRecord {
    var cost: [(name: String, value: String)] {
        let runs = trials.flatMap(\.runs).filter { !$0.epochs.isEmpty }
        guard !runs.isEmpty else { return [] }
        let seconds = runs.map(\.seconds).sorted()
        let perEpoch = runs.flatMap(\.epochs).map { $0.secondsTraining + $0.secondsEvaluating }.sorted()
        var rows: [(name: String, value: String)] = [
            ("Runs", Format.count(runs.count)),
            ("Epochs trained", epochShare),
            ("Training and evaluating, added up", Format.seconds(seconds.reduce(0, +))),
            ("Per run, median", Format.seconds(seconds[seconds.count / 2])),
            (
                "Per run, shortest to longest",
                "\(Format.seconds(seconds[0])) to \(Format.seconds(seconds[seconds.count - 1]))"
            ),
            ("Per epoch, median", Format.seconds(perEpoch[perEpoch.count / 2])),
        ]
        if let whole = secondsOfWholeRuns, trials.contains(where: { $0.state == .stopped }) {
            rows.append(("All to the end would have taken, by their epochs so far", "about \(Format.seconds(whole))"))
        }
        if let memory = trials.compactMap(\.peakMemoryBytes).max() {
            rows.append(("Peak memory, of the finished runs", Format.bytes(memory)))
        }
        let results = runs.compactMap(\.result)
        for (name, values) in [
            ("Precision", results.map(\.compute)), ("Threads of a run", results.map { "\($0.threads)" }),
            ("Device", results.map(\.device)),
        ] where !values.isEmpty {
            rows.append((name, Set(values).sorted().joined(separator: ", ")))
        }
        return rows
    }

    /// Every run that was begun taken to its end at its own pace; nil where one of them is not begun.
    private var secondsOfWholeRuns: Double? {
        let paces = trials.flatMap(\.runs).map { run in
            run.epochs.isEmpty ? nil : run.seconds / Double(run.epochs.count)
        }
        return paces.contains(nil) ? nil : paces.compactMap { $0 }.reduce(0, +) * Double(epochs)
    }
}
