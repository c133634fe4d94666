import Files
import Foundation

/// A line of what `undertone-cache --measures` leaves: what one run of stage one took.
public struct CacheMeasure: Sendable, Equatable, Codable {
    /// From the program's start to its end.
    public var elapsedSeconds: Double
    /// Speech that went through the encoder.
    public var computedSeconds: Double
    public var peakMemoryBytes: Int

    public init(elapsedSeconds: Double, computedSeconds: Double, peakMemoryBytes: Int) {
        self.elapsedSeconds = elapsedSeconds
        self.computedSeconds = computedSeconds
        self.peakMemoryBytes = peakMemoryBytes
    }

    enum CodingKeys: String, CodingKey {
        case elapsedSeconds = "elapsed_seconds"
        case computedSeconds = "computed_seconds"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    /// What a cache of so much speech takes, by all runs that worked on it: `Σ elapsed · speech / Σ computed`.
    ///
    /// A cache that was made in one go took what that run did. Where a killed run left no line, or work was done over again, the rate
    /// of what was measured stands for the rest.
    /// - Returns: nil where nothing was measured.
    public static func seconds(_ measures: [CacheMeasure], ofSpeech speechSeconds: Double) -> Double? {
        let computed = measures.reduce(0) { $0 + $1.computedSeconds }
        guard computed > 0 else { return nil }
        return measures.reduce(0) { $0 + $1.elapsedSeconds } * speechSeconds / computed
    }

    /// - Throws: `RunError.missing`; `.malformed` naming the line.
    public static func read(_ path: String) throws(RunError) -> [CacheMeasure] {
        let bytes = try readFile(
            path, advice: "nothing tells what the cache took; make it anew with undertone-cache --measures")
        var measures: [CacheMeasure] = []
        // What follows the last newline is torn, or empty.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        for (index, line) in lines.enumerated() {
            measures.append(try decodeJSON(CacheMeasure.self, from: Data(line), path: path, line: index + 1))
        }
        return measures
    }

    /// Appends a line and flushes it to the disk.
    public func append(to path: String) throws(RunError) {
        let line = try encodeJSON(self, pretty: false, path: path)
        try writing(as: RunError.self) { () throws(WriteFailure) in try LineFile.append(line, to: path) }
    }
}
