import Buffers
import CNumerics

/// Products in tiles of registers, ours, where the processor has the instructions: for factors whose rows overlap, which oneDNN refuses,
/// for attention's, which it would compile for every length of utterance, and for frozen weights, with a GELU that costs half of oneDNN's.
///
/// Weights that are trained stay with oneDNN, which takes them as they lie; so does what has AMX, whose tiles are the processor's own.
enum Tiles {
    static func areAvailable(_ operand: Precision) -> Bool { ut_tiles_available(operand == .bfloat16) }

    /// Whether nothing multiplies faster where the operands suit both.
    static func areFastest(_ operand: Precision) -> Bool {
        areAvailable(operand) && !(operand == .bfloat16 && hasAMX)
    }

    /// Asked once: every product wants to know, and in a virtual machine each question leaves it.
    private static let hasAMX = ut_multiplies_bfloat16_by_amx()

    /// The right factors of a product, each as panels, one behind the other.
    struct Panels: Sendable {
        let buffer: AlignedBuffer
        let count: Int
        /// `k` of each.
        let depth: Int
        /// `n` of each.
        let width: Int
        let precision: Precision

        /// The transposed rows of a weight `[outputs, inputs]` in blocks of as many outputs each.
        init(_ weight: Matrix, blocks: Int, buffer makeBuffer: (Int) -> AlignedBuffer) {
            precondition(weight.rows % blocks == 0, "\(weight.rows) outputs in \(blocks) blocks")
            (count, depth, width, precision) = (blocks, weight.columns, weight.rows / blocks, weight.precision)
            buffer = makeBuffer(Self.byteCount(weight, blocks: blocks))
            for block in 0..<blocks {
                let rows = weight.rows(block * width..<(block + 1) * width)
                ut_panels_pack_transposed(address(of: block), rows.native, depth, width)
            }
        }

        /// What the panels of a weight take.
        static func byteCount(_ weight: Matrix, blocks: Int) -> Int {
            blocks * byteCount(depth: weight.columns, width: weight.rows / blocks, weight.precision)
        }

        func unpack(to weight: Matrix) {
            for block in 0..<count {
                let rows = weight.rows(block * width..<(block + 1) * width)
                ut_panels_unpack_transposed(rows.native, address(of: block), depth, width)
            }
        }

        func address(of block: Int) -> UnsafeMutableRawPointer {
            buffer.bytes.baseAddress! + block * Self.byteCount(depth: depth, width: width, precision)
        }

        private static func byteCount(depth: Int, width: Int, _ precision: Precision) -> Int {
            ut_panels_bytes(depth, width, precision == .bfloat16)
        }
    }

    /// `out = activation(windows · panels + b)`, row `t` of the windows beginning at row `t · stride` of `x`, whose rows lie end to end.
    static func slide(
        _ out: Matrix, over x: Matrix, stride: Int, by panels: Panels, block: Int = 0, bias: UnsafePointer<Float>?,
        gelu: Bool, accumulate: Bool = false
    ) {
        precondition(
            x.isContiguous && x.precision == panels.precision && out.columns == panels.width
                && (out.rows - 1) * stride * x.columns + panels.depth <= x.elementCount,
            "windows of \(panels.depth) elements over \(x.shape) into \(out.shape)")
        let windows = Factor(address: x.address, rowStride: stride * x.columns, columnStride: 1)
        multiply(
            Target(out), windows, rows: out.rows, by: panels, block: block, bias: bias, gelu: gelu,
            accumulate: accumulate)
    }

    /// `target (+)= activation(a · panels + b)`, the elements of a row of `a` side by side.
    static func multiply(
        _ target: Target, _ a: Factor, rows: Int, by panels: Panels, block: Int = 0, bias: UnsafePointer<Float>?,
        gelu: Bool, accumulate: Bool
    ) {
        precondition(a.strides.column == 1, "columns of the left factor lie \(a.strides.column) apart")
        let left = ut_factor(
            data: a.address, row_bytes: a.strides.row * panels.precision.byteCount, step_bytes: 4)
        let out = ut_rows(data: target.address, stride: target.rowStride, is16: target.precision == .bfloat16)
        ut_tiles_multiply(
            out, left, panels.address(of: block), panels.precision == .bfloat16, rows, panels.depth, panels.width,
            bias, gelu, accumulate)
    }
}
