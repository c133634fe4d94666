import Foundation
import Runs
import Testing

@Suite struct CacheMeasureTests {
    private func measure(_ elapsed: Double, _ computed: Double) -> CacheMeasure {
        CacheMeasure(elapsedSeconds: elapsed, computedSeconds: computed, peakMemoryBytes: 7)
    }

    /// Of 600 s of speech: in one go; in two; with a third lost to a kill; done twice over.
    @Test(
        arguments: [
            ([(12.0, 600.0)], 12.0), ([(5, 200), (9, 400)], 14), ([(8, 400)], 12), ([(12, 600), (14, 600)], 13),
        ] as [([(Double, Double)], Double)])
    func whatACacheTook(lines: [(Double, Double)], seconds: Double) {
        #expect(CacheMeasure.seconds(lines.map { measure($0.0, $0.1) }, ofSpeech: 600) == seconds)
    }

    @Test func nothingMeasuredIsNothingKnown() {
        #expect(CacheMeasure.seconds([], ofSpeech: 600) == nil)
        #expect(CacheMeasure.seconds([measure(1, 0)], ofSpeech: 600) == nil)
    }

    @Test func linesAreAppendedAndATornOneIsLeftOut() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "measures-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: RunError.self) { try CacheMeasure.read(path) }
        try measure(1, 2).append(to: path)
        try measure(3, 4).append(to: path)
        #expect(try CacheMeasure.read(path) == [measure(1, 2), measure(3, 4)])
        let whole = try Data(contentsOf: URL(filePath: path))
        try (whole + Data("{\"elaps".utf8)).write(to: URL(filePath: path))
        #expect(try CacheMeasure.read(path).count == 2)
        try (Data("[]\n".utf8) + whole).write(to: URL(filePath: path))
        let error = #expect(throws: RunError.self) { try CacheMeasure.read(path) }
        #expect(error?.description.hasPrefix("\(path):1: ") == true, "\(error as Any)")
    }
}
