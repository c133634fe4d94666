import Runs

extension SlurmSettings.Resources {
    static let keys = ["partition", "account", "time", "memory", "cpus", "tasks", "at_once", "options"]

    /// The last minute of a job's time is for saving what it has.
    static let shortestSeconds = 120

    /// Options of sbatch that are given otherwise, or that `undertone submit` relies on giving itself.
    static let refusedOptions: [String: String] = {
        var refused = [
            "partition": "give it as 'partition'", "account": "give it as 'account'", "time": "give it as 'time'",
            "mem": "give it as 'memory'", "cpus-per-task": "give it as 'cpus'",
        ]
        for name in [
            "array", "chdir", "dependency", "error", "job-name", "kill-on-invalid-dep", "no-requeue", "nodes",
            "ntasks", "open-mode", "output", "parsable", "requeue", "signal", "test-only", "wait", "wrap",
        ] {
            refused[name] = "undertone submit sets it itself; leave it out"
        }
        return refused
    }()

    mutating func apply(_ mapping: StrictMapping) throws(ConfigurationError) {
        if let value = try Self.word("partition", in: mapping) { partition = value }
        if let value = try Self.word("account", in: mapping) { account = value }
        if let value = try mapping.string("time") {
            guard let seconds = Self.seconds(ofTime: value) else {
                throw mapping.error(
                    at: "time", "expected minutes, hours:minutes:seconds or days-hours, e.g. 4:00:00, found '\(value)'")
            }
            guard seconds >= Self.shortestSeconds else {
                throw mapping.error(
                    at: "time", "expected 2 minutes or more, the last of which is for saving, found '\(value)'")
            }
            time = value
        }
        if let value = try mapping.string("memory") {
            guard Self.byteCount(ofMemory: value) != nil else {
                throw mapping.error(
                    at: "memory", "expected megabytes, or e.g. 16G, as sbatch takes it, found '\(value)'")
            }
            memory = value
        }
        if let value = try mapping.integer("cpus", atLeast: 1) { cpus = value }
        if let value = try mapping.integer("tasks", atLeast: 1) { tasks = value }
        if let value = try mapping.integer("at_once", atLeast: 1) { atOnce = value }
        if let entry = try mapping.mapping("options") { try applyOptions(entry) }
    }

    private mutating func applyOptions(_ mapping: StrictMapping) throws(ConfigurationError) {
        for name in mapping.keys {
            guard name.wholeMatch(of: /[a-z][a-z0-9-]*/) != nil else {
                throw mapping.error(at: name, "expected a long option of sbatch without its hyphens, e.g. qos")
            }
            if let reason = Self.refusedOptions[name] { throw mapping.error(at: name, reason) }
            let value = mapping.says("true", at: name) ? nil : try Self.word(name, in: mapping)
            options.removeAll { $0.name == name }
            options.append(SlurmSettings.Option(name: name, value: value))
        }
    }

    /// What a line `#SBATCH --name=…` takes without quotes.
    private static func word(_ key: String, in mapping: StrictMapping) throws(ConfigurationError) -> String? {
        guard let text = try mapping.string(key) else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy {
            0x21...0x7e ~= $0.value && !"\"'\\#`$".unicodeScalars.contains($0)
        }
        guard isPlain else {
            throw mapping.error(at: key, "expected a word without spaces, quotes, '#', '$' and '\\', found '\(text)'")
        }
        return text
    }

    /// Nil where Slurm would not take it. `90`, `90:30`, `4:00:00`, `2-12`, `2-12:30`, `2-12:30:00`.
    static func seconds(ofTime text: String) -> Int? {
        let halves = text.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = halves.last?.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? -1 } ?? []
        guard 1...2 ~= halves.count, 1...3 ~= numbers.count, numbers.allSatisfy({ 0...100_000 ~= $0 }) else {
            return nil
        }
        guard halves.count == 2 else {
            let units = [[60], [60, 1], [3600, 60, 1]][numbers.count - 1]
            return zip(numbers, units).reduce(0) { $0 + $1.0 * $1.1 }
        }
        guard let days = Int(halves[0]), 0...10_000 ~= days else { return nil }
        return zip(numbers, [3600, 60, 1]).reduce(days * 86_400) { $0 + $1.0 * $1.1 }
    }

    /// Nil where Slurm would not take it. `16G`, `500M`, or a number of megabytes; 0 is all that a node has.
    static func byteCount(ofMemory text: String) -> Int? {
        guard let match = text.wholeMatch(of: /([0-9]{1,9})([KMGT]?)/), let number = Int(match.output.1) else {
            return nil
        }
        let shift = ["K": 10, "": 20, "M": 20, "G": 30, "T": 40][String(match.output.2)] ?? 20
        let (bytes, overflows) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflows ? nil : bytes
    }
}
