import Kernels
import SpeechEncoder

/// AdamW over groups of parameters, with clipping by the global norm of all gradients.
public struct AdamW: Sendable {
    public struct Group: Sendable {
        /// Parameters that learn at the group's rate times a factor.
        public struct Part: Sendable {
            public let parameters: [Parameter]
            public let rateFactor: Double
            /// The layer that they are all of, counted from 0; nil where there is none.
            public let layer: Int?

            public init(_ parameters: [Parameter], rateFactor: Double, layer: Int? = nil) {
                self.parameters = parameters
                self.rateFactor = rateFactor
                self.layer = layer
            }
        }

        public let name: String
        public let parts: [Part]
        /// Peak learning rate.
        public let learningRate: Double

        public init(name: String, parts: [Part], learningRate: Double) {
            self.name = name
            self.parts = parts
            self.learningRate = learningRate
        }

        public init(name: String, parameters: [Parameter], learningRate: Double) {
            self.init(name: name, parts: [Part(parameters, rateFactor: 1)], learningRate: learningRate)
        }

        public var parameters: [Parameter] { parts.flatMap(\.parameters) }
    }

    public struct Options: Sendable {
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        /// Of weight matrices; biases and norms do not decay.
        public var weightDecay = 0.01
        public var clipNorm: Double?

        public init() {}
    }

    public let groups: [Group]
    let options: Options
    private let engine: any Engine

    public init(groups: [Group], options: Options, engine: any Engine) {
        self.groups = groups
        self.options = options
        self.engine = engine
    }

    public var parameters: [Parameter] { groups.flatMap(\.parameters) }

    /// `√Σ g²` over all gradients, which is what clipping compares with its limit, and over those of each part: `layers.9`, or the
    /// group's name. One pass makes both.
    public func gradientNorms() -> (total: Double, parts: [String: Double]) {
        var total = 0.0, parts: [String: Double] = [:]
        for group in groups {
            for part in group.parts {
                var sum = 0.0
                for parameter in part.parameters {
                    let squares = engine.sumOfSquares(parameter.gradient)
                    total += squares
                    sum += squares
                }
                parts[part.layer.map { "layers.\($0)" } ?? group.name, default: 0] += sum
            }
        }
        return (total.squareRoot(), parts.mapValues { $0.squareRoot() })
    }

    /// One step, then gradients are cleared.
    /// - Parameters: as below.
    /// - Returns: the gradient's norm before clipping.
    public func step(_ count: Int, factor: Double) -> Double {
        let norm = gradientNorms().total
        step(count, factor: factor, norm: norm)
        return norm
    }

    /// The same, where the norm is known already.
    /// - Parameters:
    ///   - count: of this step, from 1, for the moments' bias correction.
    ///   - factor: of the schedule.
    ///   - norm: of the gradient, before clipping.
    public func step(_ count: Int, factor: Double, norm: Double) {
        // torch.nn.utils.clip_grad_norm_'s 1e-6 included, so that runs compare to the last digit.
        let scale = options.clipNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
        for group in groups {
            for part in group.parts {
                let rate = group.learningRate * part.rateFactor * factor
                for parameter in part.parameters {
                    update(parameter, count, learningRate: rate, gradientScale: scale)
                    engine.clear(parameter.gradient)
                }
            }
        }
    }

    private func update(_ parameter: Parameter, _ count: Int, learningRate: Double, gradientScale: Double) {
        engine.adamWStep(
            value: parameter.value, firstMoment: parameter.firstMoment, secondMoment: parameter.secondMoment,
            gradient: parameter.gradient, operand: parameter.operand,
            step: AdamWStep(
                learningRate: Float(learningRate), beta1: Float(options.beta1), beta2: Float(options.beta2),
                epsilon: Float(options.epsilon),
                weightDecay: parameter.role == .weight ? Float(options.weightDecay) : 0, step: count,
                gradientScale: Float(gradientScale)))
    }
}
