import Foundation
import Runs
import Testing

@testable import Reports

@Suite struct EventFileTests {
    private func metrics(_ epoch: Int) -> EpochMetrics {
        EpochMetrics(
            epoch: epoch, step: 5 * epoch, trainLoss: 0.5 / Double(epoch),
            learningRates: ["layers": 1e-5, "heads": 1e-3],
            development: ["activation": Scores(ccc: 0.25, pearson: 0.5, rmse: 1, mae: 1, count: 9)], secondsTraining: 1,
            secondsEvaluating: 1, framesPerSecond: 2000, gradientNorm: .nan, isBest: true)
    }

    /// The bytes that tensorboard 2.21.0's own writer makes of `Event(file_version="brain.Event:2", wall_time=1.5)`.
    @Test func recordsAreFramedAsTensorBoardDoes() {
        let message: [UInt8] = [9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 26, 13] + Array("brain.Event:2".utf8)
        #expect(EventFile.record(message) == Self.fromTensorBoard)
    }

    @Test func onlyOneFileAndOnlyFiniteScalars() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "undertone-events-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("old".utf8).write(to: URL(filePath: "\(folder)/events.out.tfevents.1.undertone"))
        let file = try EventFile(
            RunDirectory(path: folder), configuration: TrainConfiguration(), epochs: [metrics(1)])
        let before = try Data(contentsOf: URL(filePath: file.path)).count
        try file.append(metrics(2))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder) == [URL(filePath: file.path).lastPathComponent])
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: file.path)))
        #expect(bytes.count > before)
        // Walk the records: each length leads exactly to the next, and the file ends with the last.
        var position = 0, count = 0
        while position < bytes.count {
            let length = bytes[position..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            let message = Array(bytes[position + 12..<position + 12 + length])
            #expect(EventFile.record(message) == Array(bytes[position..<position + 16 + length]))
            position += 16 + length
            count += 1
        }
        #expect(count == 4)
        let tags = EventFile.scalars(metrics(1)).map(\.tag)
        #expect(tags.contains("development_ccc/activation") && tags.contains("learning_rate/heads"))
        #expect(!tags.contains("gradient_norm"), "it is NaN")
    }

    private static let fromTensorBoard: [UInt8] = [
        24, 0, 0, 0, 0, 0, 0, 0, 163, 127, 75, 34, 9, 0, 0, 0, 0, 0, 0, 248, 63, 26, 13, 98, 114, 97, 105, 110, 46, 69,
        118, 101, 110, 116, 58, 50, 42, 40, 100, 108,
    ]
}
