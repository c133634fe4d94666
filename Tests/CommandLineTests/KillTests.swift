import FeatureStore
import Foundation
import Testing

/// `kill -9` at random moments, again and again, over one corpus: after each, whatever stands under its final name is
/// whole; whenever a run gets to its end, the cache is, file by file, that of an undisturbed run.
///
/// `UNDERTONE_KILLS` says how many (`make kills KILLS=200`), `UNDERTONE_KILL_SEED` where the random numbers begin.
@Test func killedAtAnyMomentNothingIsEverDamaged() throws {
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["UNDERTONE_KILLS"].flatMap(Int.init) ?? 10
    var harness = try KillHarness(seed: environment["UNDERTONE_KILL_SEED"].flatMap(UInt64.init) ?? 1)
    while harness.killCount < kills { try harness.runOnce() }
    try harness.finish()
    print(harness.report)
}

private struct KillHarness {
    private let folder: Scratch
    private let wholeSeconds: Double
    private var random: SplitMix
    private(set) var killCount = 0
    private var killsByMoment: [Moment: Int] = [:]
    private var completedCount = 0
    private var segmentsMet = 0

    /// When the blow falls; most have some random milliseconds added.
    private enum Moment: String, CaseIterable {
        case anywhere = "anywhere"
        case segment = "after a segment was sealed"
        case assembling = "while a shard was put together"
        case finishing = "after the last shard"
        case beside = "beside a process that goes on"
    }

    init(seed: UInt64) throws {
        folder = try Scratch()
        random = SplitMix(state: seed)
        try folder.writeCorpus(36, frames: 5000, step: 400)
        let begin = ContinuousClock.now
        #expect(try Program.cache.run(KillHarness.arguments(out: "whole"), in: folder).code == 0)
        wholeSeconds = begin.duration(to: .now) / .seconds(1)
    }

    private static func arguments(out: String) -> [String] {
        cacheArguments(out: out, "--shards", "3", "--seal-every", "0.02")
    }

    /// Starts the program once more on what the last one left, and kills it.
    mutating func runOnce() throws {
        let moment = Moment.allCases[random.below(Moment.allCases.count)]
        let running = try Program.cache.start(KillHarness.arguments(out: "cache"), in: folder)
        let companion =
            moment == .beside ? try Program.cache.start(KillHarness.arguments(out: "cache"), in: folder) : nil
        waitFor(moment, running)
        running.send(SIGKILL)
        let outcome = try running.wait()
        if outcome.code == -SIGKILL {
            killCount += 1
            killsByMoment[moment, default: 0] += 1
        } else {
            #expect(outcome.code == 0, "\(outcome.said)")
        }
        expectEverythingWhole()
        if let companion {
            let outcome = try companion.wait()
            #expect(outcome.code == 0, "\(outcome.said)")
            // What the killed one left after the other had gone by is the next run's to clear away.
            try finish()
        } else if outcome.code == 0 {
            try expectComplete()
        }
    }

    /// A run that goes to its end.
    mutating func finish() throws {
        let outcome = try Program.cache.run(KillHarness.arguments(out: "cache"), in: folder)
        #expect(outcome.code == 0, "\(outcome.said)")
        try expectComplete()
    }

    private mutating func waitFor(_ moment: Moment, _ running: Running) {
        func wait(until condition: ([String]) -> Bool) {
            while running.isRunning, !condition(folder.names(in: "cache")) { usleep(300) }
        }
        switch moment {
        case .anywhere, .beside: usleep(UInt32(random.below(Int(wholeSeconds * 1e6))))
        case .segment:
            let before = folder.names(in: "cache").filter(KillHarness.isSegment).count
            wait { $0.filter(KillHarness.isSegment).count > before }
            usleep(UInt32(random.below(20_000)))
        case .assembling:
            wait { $0.contains { $0.contains(".h5.partial-") } }
            usleep(UInt32(random.below(4_000)))
        case .finishing:
            wait { $0.contains("shard-00002.h5") }
            usleep(UInt32(random.below(200_000)))
        }
    }

    private static func isSegment(_ name: String) -> Bool {
        name.contains(".segment-") && !name.contains(".partial-")
    }

    private mutating func expectEverythingWhole() {
        for name in folder.names(in: "cache") where !name.contains(".partial-") && !name.hasSuffix(".lock") {
            let path = "\(folder.path)/cache/\(name)"
            do {
                if name.hasPrefix("shard-") {
                    #expect(try ShardReader(path: path).verify().isEmpty, "kill \(killCount): \(name)")
                    if KillHarness.isSegment(name) { segmentsMet += 1 }
                } else if name == CacheDescription.fileName {
                    _ = try FeatureCache.open(directory: "\(folder.path)/cache")
                } else {
                    #expect(
                        try folder.bytes("cache/\(name)") == folder.bytes("whole/\(name)"), "kill \(killCount): \(name)"
                    )
                }
            } catch StoreError.missing where KillHarness.isSegment(name) {
                // The process beside has just put its shard together.
            } catch {
                Issue.record("kill \(killCount): \(name): \(error)")
            }
        }
    }

    private mutating func expectComplete() throws {
        #expect(folder.names(in: "cache") == folder.names(in: "whole"))
        for name in folder.names(in: "whole") {
            #expect(try folder.bytes("cache/\(name)") == folder.bytes("whole/\(name)"), "kill \(killCount): \(name)")
        }
        completedCount += 1
        try folder.remove("cache")
    }

    var report: String {
        let moments = Moment.allCases.map { "\(killsByMoment[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        return "\(killCount) kills (\(moments)); \(completedCount) caches completed, each the same file by file as an "
            + "undisturbed run's; \(segmentsMet) segments met on the way"
    }
}

/// A small generator with a seed (Steele, Lea and Flood 2014).
struct SplitMix {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(1, limit)))
    }
}
