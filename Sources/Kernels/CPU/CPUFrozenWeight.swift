import Buffers
import Synchronization

/// A frozen weight with its packed forms: usually one, but a product of another shape may ask for another layout.
///
/// Once it is packed, the plain form goes: a large model would be in memory twice. Another layout is made from the first.
final class CPUFrozenWeight: FrozenWeight {
    private enum Form {
        case product(Product, AlignedBuffer)
        case panels(Tiles.Panels)
    }
    private struct State {
        var plain: Matrix?
        var forms: [Form] = []
    }
    let outputs: Int
    let inputs: Int
    let precision: Precision
    private let state: Mutex<State>
    private let pool: BufferPool

    /// - Parameters:
    ///   - plain: `[outputs, inputs]`, its rows end to end.
    ///   - pool: what packed forms count towards.
    init(plain: Matrix, pool: BufferPool) {
        precondition(plain.isContiguous, "a weight's rows lie end to end")
        (outputs, inputs, precision) = (plain.rows, plain.columns, plain.precision)
        state = Mutex(State(plain: plain))
        self.pool = pool
    }

    /// As oneDNN wants it for a product.
    func packed(for product: Product) -> AlignedBuffer {
        state.withLock { state in
            for case .product(let other, let buffer) in state.forms
            where other === product || other.packsAlike(product) {
                return buffer
            }
            let buffer = pool.exactBuffer(byteCount: product.packedBytes)
            let plain = takePlain(&state)
            withExtendedLifetime(plain) {
                product.pack(plain.address, strides: (row: 1, column: inputs), into: buffer.bytes.baseAddress!)
            }
            state.forms.append(.product(product, buffer))
            return buffer
        }
    }

    /// As panels, in blocks of as many outputs each.
    func panels(blocks: Int) -> Tiles.Panels {
        state.withLock { state in
            for case .panels(let panels) in state.forms where panels.count == blocks { return panels }
            let panels = Tiles.Panels(takePlain(&state), blocks: blocks) { pool.exactBuffer(byteCount: $0) }
            state.forms.append(.panels(panels))
            return panels
        }
    }

    /// As it was frozen. It stays: whoever asks reads it in every call.
    var plain: Matrix {
        state.withLock { state in
            let plain = takePlain(&state)
            state.plain = plain
            return plain
        }
    }

    private func takePlain(_ state: inout State) -> Matrix {
        if let plain = state.plain.take() { return plain }
        let plain = Matrix(
            storage: AlignedBuffer(byteCount: outputs * inputs * precision.byteCount), rows: outputs, columns: inputs,
            precision: precision)
        switch state.forms[0] {
        case .product(let product, let buffer):
            product.unpack(buffer.bytes.baseAddress!, into: plain.address, strides: (row: 1, column: inputs))
        case .panels(let panels): panels.unpack(to: plain)
        }
        return plain
    }
}

extension CPUEngine {
    /// A weight's panels: kept with a frozen one, made now of one that changes.
    func panels(_ weight: LinearWeight, blocks: Int) -> Tiles.Panels {
        switch weight {
        case .frozen(let frozen): own(frozen).panels(blocks: blocks)
        case .plain(let matrix): Tiles.Panels(matrix, blocks: blocks) { pool.buffer(byteCount: $0) }
        }
    }

    /// A weight as rows of outputs.
    func plain(_ weight: LinearWeight) -> Matrix {
        switch weight {
        case .frozen(let frozen): own(frozen).plain
        case .plain(let matrix): matrix
        }
    }

    func own(_ frozen: any FrozenWeight) -> CPUFrozenWeight {
        guard let frozen = frozen as? CPUFrozenWeight else {
            preconditionFailure("a weight frozen by another engine was handed to the CPU engine")
        }
        return frozen
    }
}
