import Foundation
import Testing

/// A Python that the benchmarks run on: `UNDERTONE_PYTHON`, or `python3` on the path.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"], "python3"].compactMap { $0 }
    let probe = ["-c", "import sys; sys.exit(sys.version_info < (3, 10))"]
    return candidates.first { (try? run($0, probe, in: Scratch()).code) == 0 }
}()

private func run(_ python: String, _ arguments: [String], in folder: Scratch) throws -> Outcome {
    try Running(URL(filePath: "/usr/bin/env"), [python] + arguments, in: folder).wait()
}

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// The benchmarks' own tests, which measure nothing: comparisons of fabricated results, and what a result is made of.
@Test(.enabled(if: python != nil, "needs Python 3.10 or later; set UNDERTONE_PYTHON to one"))
func theBenchmarksCompareAndRecordAsTheySay() throws {
    let arguments = ["-B", "-m", "unittest", "discover", "--start-directory", "\(root)/Benchmarks/tests"]
    let outcome = try run(try #require(python), arguments, in: Scratch())
    #expect(outcome.code == 0, "\(outcome.said)")
    // A folder without tests passes, too.
    let ran = outcome.said.firstMatch(of: /Ran (\d+) tests/).flatMap { Int($0.1) } ?? 0
    #expect(ran >= 30, "\(outcome.said)")
}
