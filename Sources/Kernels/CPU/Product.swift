import Buffers
import CDNNL
import Synchronization

/// The shape of one matrix product `c[m, n] = a[m, k] · b[k, n]`, strides in elements.
struct ProductShape: Hashable, Sendable {
    var m: Int
    var n: Int
    var k: Int
    var aStrides: (row: Int, column: Int)
    var bStrides: (row: Int, column: Int)
    var cRowStride: Int
    var operand: Precision
    var result: Precision
    var hasBias = false
    var gelu = false
    var accumulate = false
    var packed = false

    static func == (a: ProductShape, b: ProductShape) -> Bool {
        a.m == b.m && a.n == b.n && a.k == b.k && a.aStrides == b.aStrides && a.bStrides == b.bStrides
            && a.cRowStride == b.cRowStride && a.operand == b.operand && a.result == b.result
            && a.hasBias == b.hasBias && a.gelu == b.gelu && a.accumulate == b.accumulate && a.packed == b.packed
    }
    func hash(into hasher: inout Hasher) {
        hasher.combine(m)
        hasher.combine(n)
        hasher.combine(k)
        hasher.combine(aStrides.row)
        hasher.combine(bStrides.row)
        hasher.combine(cRowStride)
        hasher.combine(operand)
        hasher.combine(accumulate)
    }
}

/// A compiled product: immutable, and executed by any number of threads at once.
final class Product: Sendable {
    nonisolated(unsafe) private let handle: OpaquePointer
    let scratchBytes: Int
    let packedBytes: Int

    init(_ shape: ProductShape) {
        var native = ut_dnnl_matmul_shape()
        native.m = Int64(shape.m)
        native.n = Int64(shape.n)
        native.k = Int64(shape.k)
        native.a_row_stride = Int64(shape.aStrides.row)
        native.a_column_stride = Int64(shape.aStrides.column)
        native.b_row_stride = Int64(shape.bStrides.row)
        native.b_column_stride = Int64(shape.bStrides.column)
        native.c_row_stride = Int64(shape.cRowStride)
        native.operand_type = shape.operand == .bfloat16 ? UT_DNNL_BFLOAT16 : UT_DNNL_FLOAT32
        native.result_type = shape.result == .bfloat16 ? UT_DNNL_BFLOAT16 : UT_DNNL_FLOAT32
        native.has_bias = shape.hasBias
        native.gelu = shape.gelu
        native.accumulate = shape.accumulate
        native.b_packed = shape.packed
        var status: Int32 = 0
        guard let handle = ut_dnnl_matmul_create(&native, &status) else {
            fatalError("oneDNN cannot make the product \(shape): status \(status)")
        }
        self.handle = handle
        scratchBytes = ut_dnnl_matmul_scratch_bytes(handle)
        packedBytes = ut_dnnl_matmul_packed_bytes(handle)
    }

    deinit { ut_dnnl_matmul_destroy(handle) }

    func execute(
        a: UnsafeRawPointer, b: UnsafeRawPointer, bias: UnsafePointer<Float>?, c: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer?
    ) {
        let status = ut_dnnl_matmul_execute(handle, a, b, bias, c, scratch)
        precondition(status == 0, "oneDNN failed to execute a product: status \(status)")
    }

    func pack(_ b: UnsafeRawPointer, strides: (row: Int, column: Int), into packed: UnsafeMutableRawPointer) {
        let status = ut_dnnl_matmul_pack(handle, b, Int64(strides.row), Int64(strides.column), packed)
        precondition(status == 0, "oneDNN failed to pack a weight: status \(status)")
    }

    func unpack(_ packed: UnsafeRawPointer, into b: UnsafeMutableRawPointer, strides: (row: Int, column: Int)) {
        let status = ut_dnnl_matmul_unpack(handle, packed, b, Int64(strides.row), Int64(strides.column))
        precondition(status == 0, "oneDNN failed to unpack a weight: status \(status)")
    }

    func packsAlike(_ other: Product) -> Bool { ut_dnnl_matmul_packs_alike(handle, other.handle) }
}

/// Compiled products by shape. Compiling takes a few tenths of a millisecond, and every length of utterance has its own
/// shapes, so the most recent ones are kept and the others are compiled again.
final class ProductCache: Sendable {
    private struct Entry {
        let product: Product
        var lastUse: Int
    }
    private struct State {
        var entries: [ProductShape: Entry] = [:]
        var clock = 0
    }
    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int = 2048) { self.capacity = capacity }

    func product(_ shape: ProductShape) -> Product {
        let known: Product? = state.withLock { state in
            state.clock += 1
            guard let index = state.entries.index(forKey: shape) else { return nil }
            state.entries.values[index].lastUse = state.clock
            return state.entries.values[index].product
        }
        if let known { return known }
        // Compiled outside the lock: two threads may compile the same shape once, which costs less than waiting.
        let product = Product(shape)
        state.withLock { state in
            if state.entries.count >= capacity {
                let threshold = state.entries.values.map(\.lastUse).sorted()[capacity / 4]
                state.entries = state.entries.filter { $0.value.lastUse > threshold }
            }
            state.entries[shape] = Entry(product: product, lastUse: state.clock)
        }
        return product
    }
}
