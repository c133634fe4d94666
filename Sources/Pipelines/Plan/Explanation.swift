import Foundation
import Runs

/// What Make would run for a pipeline's report, or the page of its study, and why: the reasoning of Make over a plan, with words for what it finds.
///
/// It looks at the files' times as Make does, and at what the settings files would say once they are written. Nothing is written.
public struct Explanation: Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        case missing
        /// It was begun: a run that goes on after so many epochs.
        case unfinished(epochs: Int)
        /// Settings that it is made from change; a line per change.
        case settings([String])
        case newer(String)
        /// What it is made from is made anew.
        case remade(String)
    }

    public struct Entry: Sendable, Equatable {
        public var kind: Step.Kind
        public var target: String
        public var reason: Reason
    }

    /// In the order in which Make gets to them.
    public let entries: [Entry]
    /// Prerequisites that are not there and that no step makes; a Makefile that includes the rules may, as the project's makes the
    /// demo's corpus.
    public let absent: [String]
    /// How many steps there are.
    public let stepCount: Int

    /// - Parameters:
    ///   - plan: of the pipeline.
    ///   - target: what is wanted; nil: the page of its study, or else its report.
    public init(_ plan: Plan, target: String? = nil) {
        let steps = Self.needed(for: target ?? plan.study?.report ?? plan.report, of: plan.steps)
        let targets = Set(steps.map(\.target))
        let changes = Dictionary(
            plan.stamps.compactMap { stamp in Self.changes(of: stamp).map { (stamp.path, $0) } },
            uniquingKeysWith: { first, _ in first })
        var entries: [Entry] = [], remade: Set<String> = [], absent: [String] = []
        var times: [String: FileTime?] = [:]
        func time(_ path: String) -> FileTime? {
            if let known = times[path] { return known }
            let found = FileTime(path)
            times[path] = .some(found)
            return found
        }
        for step in steps {
            for path in step.prerequisites where !targets.contains(path) && changes[path] == nil && time(path) == nil {
                if !absent.contains(path) { absent.append(path) }
            }
            guard let reason = Self.reason(for: step, changes: changes, remade: remade, time: time) else { continue }
            entries.append(Entry(kind: step.kind, target: step.target, reason: reason))
            remade.insert(step.target)
        }
        self.entries = entries
        self.absent = absent
        stepCount = steps.count
    }

    private static func needed(for target: String, of steps: [Step]) -> [Step] {
        var needed: Set<String> = [target]
        // A step comes after those that it needs.
        return steps.reversed().filter { step in
            guard needed.contains(step.target) else { return false }
            needed.formUnion(step.prerequisites)
            return true
        }.reversed()
    }

    private static func reason(
        for step: Step, changes: [String: [String]], remade: Set<String>, time: (String) -> FileTime?
    ) -> Reason? {
        // New settings come first: they say most.
        for path in step.prerequisites {
            if let lines = changes[path], !lines.isEmpty { return .settings(lines) }
        }
        guard let made = time(step.target) else {
            let epochs = step.run.flatMap { try? RunDirectory(path: $0).metrics().epochs.count } ?? 0
            return epochs > 0 ? .unfinished(epochs: epochs) : .missing
        }
        for path in step.prerequisites {
            if remade.contains(path) || changes[path] != nil { return .remade(path) }
            if let other = time(path), other > made { return .newer(path) }
        }
        return nil
    }

    /// What changes in a settings file, `old → new`; nil where nothing does, empty where it is not there yet.
    static func changes(of stamp: Stamp) -> [String]? {
        guard let bytes = FileManager.default.contents(atPath: stamp.path) else { return [] }
        let old = String(decoding: bytes, as: UTF8.self)
        guard old != stamp.content else { return nil }
        func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
        var removed: [String] = [], inserted: [String] = []
        for change in lines(stamp.content).difference(from: lines(old)) {
            switch change {
            case .remove(_, let line, _): removed.append(line.trimmingCharacters(in: .whitespaces))
            case .insert(_, let line, _): inserted.append(line.trimmingCharacters(in: .whitespaces))
            }
        }
        // A difference lists removals from the end.
        removed.reverse()
        return (0..<max(removed.count, inserted.count)).map { index in
            let before = index < removed.count ? removed[index] : nil
            let after = index < inserted.count ? inserted[index] : nil
            switch (before, after) {
            case (let before?, let after?):
                let key = before.prefix { $0 != ":" }
                return after.hasPrefix("\(key): ")
                    ? "\(before) → \(after.dropFirst(key.count + 2))" : "\(before) → \(after)"
            case (let before?, nil): return "no more \(before)"
            case (nil, let after?): return "now \(after)"
            case (nil, nil): return ""
            }
        }
    }
}

extension Explanation.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "is not there"
        case .unfinished(let epochs): "was begun: goes on after epoch \(epochs)"
        case .settings(let lines):
            "settings change: " + lines.prefix(3).joined(separator: "; ")
                + (lines.count > 3 ? "; and \(lines.count - 3) more" : "")
        case .newer(let path): "\(path) is newer"
        case .remade(let path): "\(path) is made anew"
        }
    }
}

extension Explanation: CustomStringConvertible {
    /// A line per target, those of one kind with the same reason together.
    public var description: String {
        var lines = absent.map { "\($0) is not there, and this pipeline does not make it" }
        var index = 0
        while index < entries.count {
            let entry = entries[index]
            let end =
                entries[index...].firstIndex { $0.kind != entry.kind || $0.likeness != entry.likeness } ?? entries.count
            let more = end - index == 1 ? "" : " and \(end - index - 1) more"
            lines.append("\(entry.target)\(more): \(entry.reason)")
            index = end
        }
        let count = entries.count
        lines.append(
            count == 0
                ? "everything is up to date" : "to make: \(count) of \(stepCount) files")
        return lines.joined(separator: "\n")
    }
}

extension Explanation.Entry {
    /// Equal for what is said in one line.
    fileprivate var likeness: String {
        if case .remade = reason { "remade" } else { "\(reason)" }
    }
}
