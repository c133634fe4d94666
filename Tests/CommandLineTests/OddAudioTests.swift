import Foundation
import Testing

/// Recordings that are odd and usable are cached, and what is odd about them is said once each, with file and line.
@Test func oddRecordingsAreCachedWithAWarning() throws {
    let folder = try Scratch()
    let good = try folder.writeCorpus(1)
    let whole = Wave(frames: 8_000, pitchHz: 120).bytes
    try folder.write("cut.wav", whole.dropLast(4_000))
    // Sizes that a program writing to a pipe leaves at zero.
    let open = whole.enumerated().map { 4..<8 ~= $0 || 40..<44 ~= $0 ? 0 : $1 }
    try folder.write("open.wav", open)
    try folder.write("silent.wav", Wave(samples: [Float](repeating: 0, count: 8_000)).bytes)
    let voice = Wave(frames: 8_000, pitchHz: 120).samples
    try folder.write("clipped.wav", Wave(samples: voice.map { min(0.15, max(-0.15, $0)) }).bytes)
    var opposite = Wave(samples: voice.flatMap { [$0, -$0] })
    opposite.channels = 2
    try folder.write("opposite.wav", opposite.bytes)
    let odd = ["cut", "open", "silent", "clipped", "opposite"]
    try folder.writeManifest(good + odd.map { "\($0),\($0).wav,train,s,3" })

    let outcome = try Program.cache.run(cacheArguments("--json"), in: folder)
    #expect(outcome.code == 0 && outcome.errors.isEmpty)
    // They come as the recordings are done with, in no particular order.
    let warnings = outcome.lines("warning: ").sorted { odd.firstIndex(of: name($0))! < odd.firstIndex(of: name($1))! }
    let expected = [
        "cut.wav: holds 0.38 s of the 0.50 s its header promises; what is there is used (manifest.csv:3)",
        "open.wav: its header leaves the length open, as if written to a pipe or never closed; read to its end, 0.50 s "
            + "(manifest.csv:4)",
        "silent.wav: silent, every sample is the same; used as it is (manifest.csv:5)",
        "clipped.wav: clipped, ",
        "opposite.wav: its 2 channels cancel each other, their mean is silent; used as it is, better give one channel "
            + "alone (manifest.csv:7)",
    ]
    #expect(warnings.count == expected.count)
    for (line, text) in zip(warnings, expected) { #expect(line.hasPrefix("warning: \(folder.path)/\(text)")) }
    #expect(warnings[3].hasSuffix(" % of its samples stand in flat tops; used as it is (manifest.csv:6)"))

    struct Summary: Decodable {
        var computed: Int
        var warnings: [String: Int]
    }
    let summary = try JSONDecoder().decode(Summary.self, from: Data(outcome.output.utf8))
    #expect(summary.computed == 6)
    #expect(
        summary.warnings == ["truncated": 1, "length_open": 1, "silent": 1, "clipped": 1, "cancelling": 1])
    let rows = try storedRows("cache", in: folder)
    #expect(rows.keys.sorted() == (odd + ["u0"]).map { "\($0)/2" }.sorted())
    #expect(rows["open/2"]?.count ?? 0 > rows["cut/2"]?.count ?? 0)

    // Nothing is computed again, and nothing said.
    let again = try Program.cache.run(cacheArguments("--json"), in: folder)
    #expect(again.code == 0 && again.lines("warning: ").isEmpty)
    #expect(try JSONDecoder().decode(Summary.self, from: Data(again.output.utf8)).warnings.isEmpty)
}

/// The recording that a warning is about: `cut` of `warning: /somewhere/cut.wav: …`.
private func name(_ warning: String) -> String {
    URL(filePath: String(warning.dropFirst("warning: ".count).prefix { $0 != ":" })).deletingPathExtension()
        .lastPathComponent
}

/// A whole corpus of one kind is not listed.
@Test func warningsDoNotFlood() throws {
    let folder = try Scratch()
    let silent = Wave(samples: [Float](repeating: 0, count: 400)).bytes
    for number in 0..<23 { try folder.write("s\(number).wav", silent) }
    try folder.writeManifest((0..<23).map { "s\($0),s\($0).wav,train,s,3" })
    let outcome = try Program.cache.run(cacheArguments(), in: folder)
    let warnings = outcome.lines("warning: ")
    #expect(outcome.code == 0 && warnings.count == 21)
    #expect(warnings.last == "warning: silent: 23 recordings in all, the first 20 of them named above")
    #expect(warnings[19].contains(".wav: silent, every sample is the same; used as it is (manifest.csv:"))
    #expect(outcome.output.hasSuffix("\nwarnings: 23 silent\n"))
}
