import Foundation
import Testing

/// `kill -9` at random moments, again and again, over one training run: what comes of it in the end is, file by file, what an
/// undisturbed run gives.
///
/// `UNDERTONE_KILLS` says how many (`make kills`), `UNDERTONE_KILL_SEED` where the random numbers begin.
@Test func trainingKilledAtAnyMomentEndsInTheSameWeights() throws {
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["UNDERTONE_KILLS"].flatMap(Int.init) ?? 8
    var random = KillMoments(state: environment["UNDERTONE_KILL_SEED"].flatMap(UInt64.init) ?? 1)
    // Epochs enough that each kill falls into the run: steps are kept as they are done, so that each life gets some way.
    let epochs = 12 * kills
    let folder = try Scratch()
    try folder.writeCorpus(12)
    try folder.write("train.yaml", everythingRandom)
    #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
    let whole = trainArguments(out: "whole", epochs: epochs, "--config", "train.yaml")
    #expect(try Program.train.run(whole, in: folder).code == 0)

    let arguments = trainArguments(epochs: epochs, "--config", "train.yaml", "--resume", "--progress", "plain")
    var killed = 0, lives = 0, moments: [Int] = []
    while killed < kills {
        // The state is saved after every step, or now and then, so that steps are taken again.
        let interval = random.below(2) == 0 ? "0" : "0.05"
        let running = try Program.train.start(arguments + ["--save-every", interval], in: folder)
        lives += 1
        // Every third dies at once, before or while it begins; the others some epochs on, in the midst of whatever it is.
        if lives % 3 == 0 {
            usleep(UInt32(random.below(200_000)))
        } else {
            running.waitUntilSaid("\nepoch ")
            usleep(UInt32(random.below(120_000)))
        }
        running.send(SIGKILL)
        let outcome = try running.wait()
        guard outcome.code == -SIGKILL else {
            // It was done before the blow: what comes of that is compared below, and there is nothing left to kill.
            #expect(outcome.code == 0, "\(outcome.said)")
            break
        }
        killed += 1
        moments.append(outcome.lines("epoch ").count)
    }
    #expect(killed >= min(kills, 5), "killed \(killed) times in \(lives) lives")
    let rest = try Program.train.run(arguments, in: folder)
    #expect(rest.code == 0, "\(rest.said)")
    for file in ["best.safetensors", "predictions-development.csv", "predictions-test.csv", "scores.csv"] {
        #expect(try folder.bytes("run/\(file)") == folder.bytes("whole/\(file)"), "\(file)")
    }
    #expect(try untimed("run", in: folder) == untimed("whole", in: folder))
    #expect(!folder.names(in: "run").contains { $0.contains(".tmp") || $0 == "state" }, "nothing is left behind")
    print("killed \(killed) times over \(epochs) epochs, after \(moments) epochs of each life")
}

/// All that draws random numbers, and all that has a state of its own.
private let everythingRandom = """
    pooling: attentive
    attention: {hidden: 8}
    ema: 0.9
    dropout: {hidden: 0.1, attention: 0.1, layer: 0.1}
    mask: {time: {probability: 0.2, length: 2}, channels: {probability: 0.1, length: 4}}
    batch: {utterances: 4, bucketed: true}

    """

/// A run's epochs without what the clock says.
private func untimed(_ run: String, in folder: Scratch) throws -> [NSDictionary] {
    try folder.read("\(run)/metrics.jsonl").split(separator: "\n").map { line in
        var epoch = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        for key in epoch.keys where key.hasPrefix("seconds_") || key == "frames_per_second" { epoch[key] = nil }
        return epoch as NSDictionary
    }
}

/// SplitMix64: reproducible moments.
private struct KillMoments {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(limit))
    }
}
