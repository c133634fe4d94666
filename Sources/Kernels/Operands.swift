import Buffers

/// Dropout by a counter-based generator: forward and backward draw the same mask from the same key, and nothing is stored.
public struct Dropout: Sendable, Equatable {
    /// Probability of dropping an element; what is kept is scaled by `1 / (1 − probability)`.
    public let probability: Float
    public let key: UInt64
    /// Which row of the mask falls on row 0 of the matrix: a piece of a batch draws the mask of its place in the whole.
    public let firstRow: Int

    public init(probability: Float, key: UInt64, firstRow: Int = 0) {
        precondition(probability >= 0 && probability < 1, "a dropout probability lies in 0 ..< 1, not \(probability)")
        self.probability = probability
        self.key = key
        self.firstRow = firstRow
    }

    public static let none = Dropout(probability: 0, key: 0)
}

public enum Activation: Sendable {
    case identity
    /// `x Φ(x)`, exact.
    case gelu
}

/// A weight `[outputs, inputs]` that will not change any more, in whatever layout suits the engine that froze it.
public protocol FrozenWeight: Sendable {
    var outputs: Int { get }
    var inputs: Int { get }
    var precision: Precision { get }
}

/// The weight of a linear map: as it is, for what changes or has a backward pass, or laid out by the engine.
public enum LinearWeight: Sendable {
    /// `[outputs, inputs]`, rows contiguous.
    case plain(Matrix)
    case frozen(any FrozenWeight)

    public var outputs: Int {
        switch self {
        case .plain(let matrix): matrix.rows
        case .frozen(let weight): weight.outputs
        }
    }

    public var inputs: Int {
        switch self {
        case .plain(let matrix): matrix.columns
        case .frozen(let weight): weight.inputs
        }
    }
}

/// The geometry of multi-head self-attention over a packed batch.
public struct AttentionShape: Sendable {
    /// In frames; no frame sees another utterance.
    public let offsets: PackedOffsets
    /// `H`.
    public let heads: Int
    /// `D`, columns of a head.
    public let width: Int
    /// What the scores are multiplied by, usually `1/√D`.
    public let scale: Float

    public init(offsets: PackedOffsets, heads: Int, width: Int) {
        self.offsets = offsets
        self.heads = heads
        self.width = width
        scale = 1 / Float(width).squareRoot()
    }

    /// Floating-point operations of so many products of scores' size, `2 · T² · H · D` each: two in the forward pass, five in the
    /// backward pass, which computes the scores again.
    package func operations(products: Int) -> Int {
        (0..<offsets.utteranceCount).reduce(0) { total, utterance in
            let frames = offsets[utterance].count
            return total + 2 * products * frames * frames * heads * width
        }
    }

    /// The row of attention's dropout mask that belongs to a head of a packed row. It does not depend on how many rows there
    /// are, so that a piece of a batch, whose masks begin at `Dropout.firstRow`, draws what the whole would.
    static func maskRow(head: Int, row: Int) -> Int { (head << 40) + row }

    /// Rows of scores are whole cache lines apart.
    static func scoreStride(_ keys: Int) -> Int { (keys + 15) & ~15 }

    /// Blocks of the queries of an utterance of `count` frames whose float32 scores fit half of a common second-level cache.
    static func queryBlocks(_ count: Int) -> [Range<Int>] {
        let limit = max(32, (512 << 10) / (4 * scoreStride(count)))
        let blocks = (count + limit - 1) / limit
        let size = (count + blocks - 1) / blocks
        return stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
    }
}

/// What relative positions add to attention's scores.
public struct AttentionPositions: Sendable {
    /// Of each query's frame and head, `[N, H]` float32.
    public let gate: Matrix
    /// By head and distance, `[H, 2R − 1]` float32: column `R − 1` is distance 0, and no utterance is longer than `R`.
    public let bias: Matrix

    public init(gate: Matrix, bias: Matrix) {
        precondition(bias.columns % 2 == 1, "biases for distances from −(R − 1) to R − 1 are odd in number")
        self.gate = gate
        self.bias = bias
    }
}

/// The gradients of `AttentionPositions`.
public struct AttentionPositionGradients: Sendable {
    /// `[N, H]` float32, overwritten.
    public let gate: Matrix
    /// `[H, 2R − 1]` float32, added to; nil where the biases are not trained.
    public let bias: Matrix?

    public init(gate: Matrix, bias: Matrix?) {
        self.gate = gate
        self.bias = bias
    }
}

/// What a layer norm reads beside its rows: `gamma` and `beta`, float32 `[1, C]`.
public struct NormParameters: Sendable {
    public let gamma: Matrix
    public let beta: Matrix
    public let epsilon: Float

    public init(gamma: Matrix, beta: Matrix, epsilon: Float) {
        self.gamma = gamma
        self.beta = beta
        self.epsilon = epsilon
    }
}

/// What a layer norm writes.
public struct NormOutputs: Sendable {
    /// `[N, C]` float32.
    public let out: Matrix?
    /// The same rows as operands of the next product, if those are not float32.
    public let operand: Matrix?
    /// `x + dropout(addend)`, `[N, C]` float32: what the backward pass needs.
    public let sum: Matrix?
    /// Mean and reciprocal standard deviation of each row, `[N, 2]` float32: likewise.
    public let statistics: Matrix?

    public init(out: Matrix?, operand: Matrix? = nil, sum: Matrix? = nil, statistics: Matrix? = nil) {
        precondition(out != nil || operand != nil, "a layer norm writes something")
        self.out = out
        self.operand = operand
        self.sum = sum
        self.statistics = statistics
    }
}

/// One step of AdamW, see `Engine.adamWStep`.
public struct AdamWStep: Sendable {
    public var learningRate: Float
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    public var weightDecay: Float
    /// `t`, from 1.
    public var step: Int
    /// What gradients are multiplied by first: the factor of the global norm's clipping.
    public var gradientScale: Float

    public init(
        learningRate: Float, beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float, step: Int,
        gradientScale: Float
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.step = step
        self.gradientScale = gradientScale
    }
}
