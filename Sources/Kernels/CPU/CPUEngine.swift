import Buffers
import CDNNL
import CNumerics
import Foundation

/// The engine for x86-64 and AArch64 processors: linear maps by oneDNN or in tiles, attention, convolutions and everything between by `CNumerics`.
///
/// An engine may be used by several threads at once, as stage one's workers do; each operation then divides its work among
/// `threads` threads of its own, so workers × threads should not exceed the processor's cores.
public final class CPUEngine: Engine {
    public let name = "cpu"
    public let threads: Int
    let team: Team
    let pool: BufferPool
    let products = ProductCache()

    private let usesTiles: Bool
    let shouldAbandon: @Sendable () -> Bool

    /// - Parameters:
    ///   - threads: that share the work of each operation, the caller's among them; at least 1. Results do not depend on it.
    ///   - memoryLimit: bytes of matrices; where the engine comes near it, it gives memory back that it would have kept for the
    ///     next matrix of the same size. What is in use is the caller's to limit.
    ///   - usesTiles: whether products run in our own tiles where the processor has them; for tests of what runs elsewhere.
    ///   - shouldAbandon: asked within attention, which can take minutes of an hour of speech. Once it says yes, it must go on saying
    ///     so, and operations may leave their output as it is: whoever gives it asks it too before using any result.
    public init(
        threads: Int, memoryLimit: Int = .max, usesTiles: Bool = true,
        shouldAbandon: @escaping @Sendable () -> Bool = { false }
    ) {
        precondition(threads > 0, "an engine needs at least one thread, not \(threads)")
        self.threads = threads
        self.usesTiles = usesTiles
        self.shouldAbandon = shouldAbandon
        pool = BufferPool(limit: memoryLimit)
        team = Team(threads: threads)
    }

    public var peakBytes: Int { pool.peakBytes }

    func hasTiles(_ operand: Precision) -> Bool { usesTiles && Tiles.areAvailable(operand) }

    /// Where oneDNN could multiply as well.
    func prefersTiles(_ operand: Precision) -> Bool { usesTiles && Tiles.areFastest(operand) }

    // MARK: Memory

    public func makeMatrix(rows: Int, columns: Int, precision: Precision) -> Matrix {
        Matrix(
            storage: pool.buffer(byteCount: rows * columns * precision.byteCount), rows: rows, columns: columns,
            precision: precision)
    }

    public func upload(_ values: [Float], to out: Matrix) {
        precondition(values.count == out.elementCount, "\(values.count) values for a matrix of shape \(out.shape)")
        values.withUnsafeBytes { upload(stored: $0, as: .float32, to: out) }
    }

    public func upload(stored rows: UnsafeRawBufferPointer, as stored: Precision, to out: Matrix) {
        precondition(
            rows.count == out.elementCount * stored.byteCount,
            "\(rows.count) bytes of \(stored) for a matrix of shape \(out.shape)")
        guard let source = rows.baseAddress else { return }
        nonisolated(unsafe) let base = source
        team.forEachRange(out.rows, minimum: 64) { range in
            let begin = base + range.lowerBound * out.columns * stored.byteCount
            if stored == .float16 {
                self.widenHalves(begin, to: out.rows(range))
            } else {
                let native = ut_rows(
                    data: UnsafeMutableRawPointer(mutating: begin), stride: out.columns, is16: stored == .bfloat16)
                ut_rows_convert(out.rows(range).native, native, range.count, out.columns)
            }
        }
    }

    private func widenHalves(_ source: UnsafeRawPointer, to out: Matrix) {
        let halves = source.assumingMemoryBound(to: UInt16.self)
        if out.precision == .float32 {
            for row in 0..<out.rows {
                ut_float32_from_float16(halves + row * out.columns, out.rows(row..<row + 1).floats, out.columns)
            }
        } else {
            let wide = pool.buffer(byteCount: out.columns * 4)
            let floats = wide.bytes.baseAddress!.assumingMemoryBound(to: Float.self)
            for row in 0..<out.rows {
                ut_float32_from_float16(halves + row * out.columns, floats, out.columns)
                let native = ut_rows(data: floats, stride: out.columns, is16: false)
                ut_rows_convert(out.rows(row..<row + 1).native, native, 1, out.columns)
            }
        }
    }

    public func download(_ matrix: Matrix) -> [Float] {
        [Float](unsafeUninitializedCapacity: matrix.elementCount) { values, count in
            let native = ut_rows(data: values.baseAddress, stride: matrix.columns, is16: false)
            ut_rows_convert(native, matrix.native, matrix.rows, matrix.columns)
            count = matrix.elementCount
        }
    }

    public func convert(_ x: Matrix, to out: Matrix) {
        precondition(x.shape == out.shape, "converting \(x.shape) to \(out.shape)")
        team.forEachRange(x.rows, minimum: 64) { range in
            ut_rows_convert(out.rows(range).native, x.rows(range).native, range.count, x.columns)
        }
    }

    public func clear(_ out: Matrix) {
        team.forEachRange(out.rows, minimum: 64) { range in
            let part = out.rows(range)
            for row in 0..<part.rows {
                (part.address + row * part.rowStride * part.precision.byteCount)
                    .initializeMemory(as: UInt8.self, repeating: 0, count: part.columns * part.precision.byteCount)
            }
        }
    }

    /// The version of oneDNN that is loaded.
    public static var libraryVersion: String { "oneDNN " + text(ut_dnnl_version) }

    /// What multiplies small float32 matrices, with the version that is loaded.
    public static var smallProductLibrary: String { SmallProduct.library }

    /// What products of frozen weights run on, as far as their last bits depend on it: `tiles; oneDNN 2.6.3, avx512_core_bf16`
    /// where the engine's own tiles multiply, else without the first part. Engines for which it is equal give equal bits.
    ///
    /// - Parameter precision: of the operands.
    public static func arithmetic(_ precision: Precision) -> String {
        (Tiles.areFastest(precision) ? "tiles; " : "") + "\(libraryVersion), \(text(ut_dnnl_instructions))"
    }

    private static func text(_ write: (UnsafeMutablePointer<CChar>?, Int) -> Void) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            write(text.baseAddress, text.count)
            return String(cString: text.baseAddress!)
        }
    }
}

extension Matrix {
    /// The first element, in host memory.
    var address: UnsafeMutableRawPointer {
        guard let buffer = storage as? AlignedBuffer else {
            preconditionFailure("a matrix of another engine was handed to the CPU engine")
        }
        return buffer.bytes.baseAddress! + offset * precision.byteCount
    }

    var floats: UnsafeMutablePointer<Float> {
        precondition(precision == .float32, "expected float32, got \(precision)")
        return address.assumingMemoryBound(to: Float.self)
    }

    var native: ut_rows { ut_rows(data: address, stride: rowStride, is16: precision == .bfloat16) }
}

extension ut_rows {
    static var none: ut_rows { ut_rows(data: nil, stride: 0, is16: false) }
}

extension Dropout {
    /// The mask of a block whose first row is `row` of the matrix.
    func native(firstRow row: Int = 0) -> ut_dropout {
        ut_dropout(key: key, probability: probability, first_row: firstRow + row)
    }
}

extension CPUEngine {
    /// Whether bfloat16 products run natively; `--compute auto` takes bfloat16 then, and float32 otherwise.
    public static var multipliesBFloat16Natively: Bool { ut_multiplies_bfloat16() }

    /// The processor by the name it gives itself, "AMD EPYC 9R14" for example.
    public static var processorName: String {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
            return "unknown processor"
        }
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            if let colon = line.firstIndex(of: ":") {
                return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
        }
        return "unknown processor"
    }
}
