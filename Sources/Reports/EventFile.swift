internal import CNumerics
import Files
import Foundation
import Runs

/// `events.out.tfevents.*`: a run's scalars for TensorBoard, appended epoch by epoch.
///
/// A TFRecord file of `Event` messages. Of TensorFlow's event.proto and summary.proto six fields are needed, and they are
/// written by hand: generated code and its runtime would be a hundred times their size.
/// - Source: tensorflow/core/lib/io/record_writer.h; tensorflow/core/util/event.proto; tensorflow/core/framework/summary.proto.
public struct EventFile: Sendable {
    public let path: String
    private let begin: Date

    /// Starts the file of a run anew, with the epochs that the run has done already when it goes on.
    /// - Throws: `RunError.cannotWrite`.
    public init(_ directory: RunDirectory, epochs: [EpochMetrics]) throws(RunError) {
        // One file a run: TensorBoard reads all that it finds, and would show epochs twice.
        let folder = directory.path
        let old = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasPrefix(Self.prefix)
        }
        for name in old { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        begin = Date()
        path = "\(folder)/\(Self.prefix)\(Int(begin.timeIntervalSince1970)).undertone"
        var bytes = Self.record(Self.event(at: begin, step: 0) + Self.field(3, "brain.Event:2"))
        for metrics in epochs { bytes += Self.record(Self.event(metrics, at: begin)) }
        let data = Data(bytes), target = path
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try AtomicFile.write(data, to: target, makingFolders: true)
        }
    }

    private static let prefix = "events.out.tfevents."

    /// Appends one epoch's scalars, by step.
    public func append(_ metrics: EpochMetrics) throws(RunError) {
        let bytes = Self.record(Self.event(metrics, at: Date()))
        do {
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.seekToEnd()
            try file.write(contentsOf: bytes)
            try file.close()
        } catch {
            throw .cannotWrite(path: path, reason: error.localizedDescription)
        }
    }

    /// What is shown of an epoch, by tag. Undefined scores are left out.
    static func scalars(_ metrics: EpochMetrics) -> [(tag: String, value: Double)] {
        var values: [(String, Double)] = [
            ("loss/train", metrics.trainLoss), ("gradient_norm", metrics.gradientNorm),
            ("frames_per_second", metrics.framesPerSecond),
        ]
        if let loss = metrics.developmentLoss { values.append(("loss/development", loss)) }
        for (group, rate) in metrics.learningRates.sorted(by: { $0.key < $1.key }) {
            values.append(("learning_rate/\(group)", rate))
        }
        for (dimension, scores) in metrics.development.sorted(by: { $0.key < $1.key }) {
            values.append(("development_ccc/\(dimension)", scores.ccc))
            values.append(("development_rmse/\(dimension)", scores.rmse))
        }
        return values.filter { $0.1.isFinite }
    }

    // MARK: - Wire format

    private static func event(_ metrics: EpochMetrics, at time: Date) -> [UInt8] {
        var summary: [UInt8] = []
        for (tag, value) in scalars(metrics) {
            summary += field(1, field(1, tag) + [2 << 3 | 5] + littleEndian(Float(value).bitPattern))
        }
        return event(at: time, step: metrics.step) + field(5, summary)
    }

    private static func event(at time: Date, step: Int) -> [UInt8] {
        [1 << 3 | 1] + littleEndian(time.timeIntervalSince1970.bitPattern) + [2 << 3] + varint(UInt64(step))
    }

    /// Length, its checksum, the message, its checksum.
    static func record(_ message: [UInt8]) -> [UInt8] {
        let length = littleEndian(UInt64(message.count))
        return length + littleEndian(masked(length)) + message + littleEndian(masked(message))
    }

    /// CRC32C, rotated and offset as record_writer.h has it, so that a checksum of checksums is no degenerate case.
    private static func masked(_ bytes: [UInt8]) -> UInt32 {
        let crc = bytes.withUnsafeBytes { ut_crc32c(0, $0.baseAddress, $0.count) }
        return (crc >> 15 | crc << 17) &+ 0xa282_ead8
    }

    private static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value, bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
