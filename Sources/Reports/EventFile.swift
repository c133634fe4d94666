internal import CNumerics
import Files
import Foundation
import Runs

/// `events.out.tfevents.*`: a run's settings, scalars and histograms for TensorBoard, appended epoch by epoch.
///
/// A TFRecord file of `Event` messages, of which each holds a `Summary`; a handful of the fields of TensorFlow's event.proto and
/// summary.proto are needed.
/// - Source: tensorflow/core/lib/io/record_writer.h; tensorflow/core/util/event.proto; tensorflow/core/framework/summary.proto.
public struct EventFile: Sendable {
    public let path: String
    private let begin: Date

    /// Starts the file of a run anew, with the epochs that the run has done already when it goes on.
    /// - Parameters:
    ///   - directory: of the run; event files that are there go.
    ///   - configuration: for the table of hyperparameters.
    ///   - epochs: those done, written at once; empty where the run begins.
    /// - Throws: `RunError.cannotWrite`.
    public init(
        _ directory: RunDirectory, configuration: TrainConfiguration, epochs: [EpochMetrics]
    ) throws(RunError) {
        // One file a run: TensorBoard reads all that it finds, and would show epochs twice.
        let folder = directory.path
        let old = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasPrefix(Self.prefix)
        }
        for name in old { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        begin = Date()
        path = "\(folder)/\(Self.prefix)\(Int(begin.timeIntervalSince1970)).undertone"
        var first = Self.event(at: begin, step: 0)
        first.string(3, "brain.Event:2")
        let session = HyperparameterSession(directory, configuration: configuration)
        var start = Self.event(at: begin, step: 0)
        start.message(5) { $0.message(1, session.start(at: begin)) }
        var bytes = Self.record(first.bytes) + Self.record(start.bytes)
        for metrics in epochs { bytes += Self.record(Self.event(metrics, at: begin).bytes) }
        let data = Data(bytes), target = path
        try writing(as: RunError.self) { () throws(WriteFailure) in
            try AtomicFile.write(data, to: target, makingFolders: true)
        }
    }

    private static let prefix = "events.out.tfevents."

    /// Appends one epoch's scalars and histograms, by step.
    public func append(_ metrics: EpochMetrics) throws(RunError) { try append(Self.event(metrics, at: Date())) }

    /// Appends what came out, at the step of the last epoch, and that the run is done.
    public func append(_ result: RunResult, step: Int) throws(RunError) {
        var event = Self.event(at: Date(), step: step)
        event.message(5) { summary in
            for (tag, value) in Self.scalars(result) { Self.add(value, as: tag, to: &summary) }
            summary.message(1, HyperparameterSession.end(at: Date(), status: .success))
        }
        try append(event)
    }

    /// Appends that the run has failed.
    public func appendFailure() throws(RunError) {
        var event = Self.event(at: Date(), step: 0)
        event.message(5) { $0.message(1, HyperparameterSession.end(at: Date(), status: .failure)) }
        try append(event)
    }

    private func append(_ event: ProtobufMessage) throws(RunError) {
        let bytes = Self.record(event.bytes)
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

    /// What is shown of a result, by tag: scores of the best weights.
    static func scalars(_ result: RunResult) -> [(tag: String, value: Double)] {
        let scores = sortedSplits(result.scores.keys).flatMap { split in
            result.scores[split, default: [:]].sorted { $0.key < $1.key }.map { dimension, scores in
                ("best_ccc/\(split).\(dimension)", scores.ccc)
            }
        }
        return ([("best/\(result.bestMetric.name)", result.bestMetric.value)] + scores).filter { $0.1.isFinite }
    }

    // MARK: - Wire format

    private static func event(_ metrics: EpochMetrics, at time: Date) -> ProtobufMessage {
        var event = event(at: time, step: metrics.step)
        event.message(5) { summary in
            for (tag, value) in scalars(metrics) { add(value, as: tag, to: &summary) }
            for (part, norms) in (metrics.gradientNorms ?? [:]).sorted(by: { $0.key < $1.key }) {
                summary.message(1) {
                    $0.string(1, "gradient_norms/\(part)")
                    $0.message(5, norms.histogram)
                }
            }
        }
        return event
    }

    private static func add(_ value: Double, as tag: String, to summary: inout ProtobufMessage) {
        summary.message(1) {
            $0.string(1, tag)
            $0.float(2, Float(value))
        }
    }

    private static func event(at time: Date, step: Int) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.double(1, time.timeIntervalSince1970)
        event.varint(2, step)
        return event
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

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
