import Faults
import Foundation
import Synchronization
import Testing

@testable import Console

private struct Example: Fault {
    var kind: FaultKind
    var description: String
}

@Test(arguments: FaultKind.allCases)
func exitCodeIsTheKinds(kind: FaultKind) {
    #expect(exitCode(of: Example(kind: kind, description: "x")) == kind.rawValue)
}

@Test func unknownErrorsAreBugs() {
    struct Unknown: Error {}
    #expect(exitCode(of: Unknown()) == 70)
    #expect(errorLines(Unknown())[0].contains("bug"))
}

@Test func everyLineOfAFaultIsMarked() {
    let fault = Example(kind: .badInput, description: "a.csv:2: x\na.csv:3: y")
    #expect(errorLines(fault) == ["error: a.csv:2: x", "error: a.csv:3: y"])
}

// MARK: - Text

@Test(arguments: [
    (0.0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03"), (273_906, "3d 04:05:06"),
    (-1, "0:00"), (.infinity, "?"),
])
func clockReads(seconds: Double, text: String) { #expect(ProgressFormat.clock(seconds) == text) }

@Test(arguments: [(0.1234, "0.123"), (1.234, "1.23"), (31.24, "31.2"), (99.96, "100.0"), (1234.4, "1234"), (0, "0.0")])
func ratesHaveAboutThreeDigits(value: Double, text: String) { #expect(ProgressFormat.short(value) == text) }

private let halfway = ProgressSnapshot(
    label: "caching", done: 120, total: 240, work: 300, totalWork: 600, unit: "audio s", elapsedSeconds: 10)

@Test func barShowsCountRateAndTimes() {
    #expect(
        ProgressFormat.bar(halfway, width: 80)
            == "caching [==============>              ] 120/240  30.0 audio s/s  0:10, 0:10 left")
    var done = halfway
    (done.done, done.work) = (240, 600)
    #expect(ProgressFormat.bar(done, width: 200).contains("[" + String(repeating: "=", count: 40) + "]"))
}

@Test(arguments: 0...130)
func barNeverExceedsTheTerminal(width: Int) {
    let line = ProgressFormat.bar(halfway, width: width)
    #expect(line.count <= width)
    if width >= 7 { #expect(line.contains("120/240")) }
}

@Test func plainLine() {
    #expect(ProgressFormat.plain(halfway) == "caching 120/240 (50 %), 30.0 audio s/s, 0:10 elapsed, 0:10 left")
}

@Test func aNoteIsToldBesideTheCount() throws {
    var snapshot = halfway
    snapshot.note = "2 running"
    #expect(
        ProgressFormat.bar(snapshot, width: 80)
            == "caching [=========>        ] 120/240  30.0 audio s/s  2 running  0:10, 0:10 left")
    #expect(
        ProgressFormat.plain(snapshot)
            == "caching 120/240 (50 %), 30.0 audio s/s, 2 running, 0:10 elapsed, 0:10 left")
    // Before the count and the time, the rate makes room for it.
    #expect(ProgressFormat.bar(snapshot, width: 50) == "caching 120/240  2 running  0:10, 0:10 left")
    let object = try JSONSerialization.jsonObject(with: Data(ProgressFormat.json(snapshot).utf8)) as? [String: Any]
    #expect(object?["note"] as? String == "2 running")
}

@Test func jsonLineIsJSON() throws {
    var snapshot = halfway
    snapshot.label = "a \"quoted\"\n\\ \u{1}"
    let object = try JSONSerialization.jsonObject(with: Data(ProgressFormat.json(snapshot).utf8)) as? [String: Any]
    #expect(object?["label"] as? String == snapshot.label)
    #expect(object?["rate"] as? Double == 30)
    #expect(object?["seconds_left"] as? Double == 10)
    snapshot.work = 0
    #expect(ProgressFormat.json(snapshot).contains("\"rate\":null"))
    #expect(!ProgressFormat.json(snapshot).contains("\n"))
}

@Test func itemsThatCostNothingDoNotFlatterTheRate() {
    var snapshot = halfway
    (snapshot.done, snapshot.work) = (200, 0)
    #expect(snapshot.rate == nil && snapshot.secondsLeft == nil)
    snapshot.work = 60
    #expect(snapshot.secondsLeft == 90)
    snapshot.total = 200
    #expect(snapshot.secondsLeft == 0 && snapshot.fraction == 1)
}

// MARK: - Reporter

/// Keeps what was written.
private final class Recording: Sendable {
    let text = Mutex("")
    func reporter(_ mode: ProgressReporter.Mode, total: Int) -> ProgressReporter {
        ProgressReporter(
            mode: mode, label: "w", total: total, totalWork: 0, unit: "frames",
            sink: { piece in self.text.withLock { $0 += piece } }, width: { 60 })
    }
    var written: String { text.withLock { $0 } }
}

@Test func barIsRedrawnAtMostTenTimesASecond() {
    let recording = Recording()
    let reporter = recording.reporter(.bar, total: 10_000)
    let begin = ContinuousClock.now
    for _ in 0..<10_000 { reporter.advance() }
    reporter.finish()
    let seconds = begin.duration(to: .now) / .seconds(1)
    let redraws = recording.written.split(separator: "\r").count
    #expect(Double(redraws) <= seconds * 10 + 2)
    #expect(recording.written.contains("10000/10000") && recording.written.hasSuffix("\n"))
}

@Test func noModeIsSilentButForMessages() {
    let recording = Recording()
    let reporter = recording.reporter(.none, total: 2)
    reporter.advance()
    reporter.message("read me")
    reporter.finish()
    #expect(recording.written == "read me\n")
}

@Test func messagesStandAboveTheBar() {
    let recording = Recording()
    let reporter = recording.reporter(.bar, total: 2)
    reporter.advance()
    reporter.message("read me")
    #expect(recording.written.contains("\r\u{1b}[Kread me\n\rw ["))
}

@Test(arguments: [ProgressReporter.Mode.plain, .json])
func linesAreWholeFromManyThreads(mode: ProgressReporter.Mode) {
    let recording = Recording()
    let reporter = recording.reporter(mode, total: 800)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
        for _ in 0..<100 { reporter.advance(work: 1) }
    }
    reporter.finish()
    let whole = recording.written
    reporter.finish()
    #expect(recording.written == whole, "the last line comes once")
    let lines = whole.split(separator: "\n")
    // A slow machine sees more than the last: a line comes every five seconds, and a program is told of the first at once.
    #expect(lines.count >= (mode == .json ? 2 : 1))
    #expect(lines.allSatisfy { $0.contains("800") && (mode == .plain || ($0.hasPrefix("{") && $0.hasSuffix("}"))) })
    #expect(reporter.snapshot.done == 800 && reporter.snapshot.work == 800)
}

// The second signal ends the process, so it is tried on the program itself.
@Test func firstSignalAsksToStop() {
    Interruption.install()
    #expect(!Interruption.isRequested)
    kill(getpid(), SIGTERM)
    while !Interruption.isRequested { usleep(1000) }
    #expect(throws: Interrupted.self) { try Interruption.check() }
    #expect(exitCode(of: Interrupted()) == 75)
}
