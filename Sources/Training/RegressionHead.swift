import Buffers
import Kernels
import Runs
import SpeechEncoder

/// Linear layers from pooled rows to the values of one dimension, or of all. float32 throughout.
struct RegressionHead: Sendable {
    /// What a head is made of. Each form is one of these, or one per dimension.
    struct Shape: Sendable, Equatable {
        /// Names the head's random numbers.
        var name: String
        /// Linear layers, in order: names of their parameters, and widths.
        var layers: [Layer]
        /// Whether tanh and dropout lie between the layers.
        var isActivated = true
        var dropsInputs = false

        struct Layer: Sendable, Equatable {
            let name: String
            let outputs: Int
        }
    }

    struct Tape: Sendable {
        /// Input of each linear layer.
        let inputs: [Matrix]
        /// Output of each linear layer that is followed by tanh, before it.
        let preactivations: [Matrix]
    }

    let parameters: [Parameter]
    /// Dimensions that it has a value for.
    let outputs: Int
    private let shape: Shape
    private let layers: [LinearLayer]
    private let probability: Float
    private let engine: any Engine

    init(_ shape: Shape, inputs: Int, dropout probability: Float, seed: UInt64, engine: any Engine) {
        let widths = [inputs] + shape.layers.map(\.outputs)
        layers = shape.layers.enumerated().map { index, layer in
            LinearLayer(
                layer.name, inputs: widths[index], outputs: layer.outputs,
                stream: RandomStream(seed: seed, shape.name, UInt64(index)), engine: engine)
        }
        parameters = layers.flatMap(\.parameters)
        outputs = widths[widths.count - 1]
        self.shape = shape
        self.probability = probability
        self.engine = engine
    }

    /// `[B, outputs]` from pooled rows `[B, inputs]`; without a step, without dropout.
    func forward(_ pooled: Matrix, step: TrainingStep?) -> (Matrix, Tape) {
        var inputs: [Matrix] = [], preactivations: [Matrix] = []
        var x = pooled
        if inputDropout(step) != .none {
            x = engine.makeMatrix(rows: pooled.rows, columns: pooled.columns, precision: .float32)
            engine.dropoutForward(out: x, x: pooled, dropout: inputDropout(step))
        }
        for (index, layer) in layers.enumerated() {
            inputs.append(x)
            x = layer.forward(x)
            guard shape.isActivated, index < layers.count - 1 else { continue }
            preactivations.append(x)
            let activated = engine.makeMatrix(rows: x.rows, columns: x.columns, precision: .float32)
            engine.tanhForward(out: activated, x: x, dropout: dropout(index, step))
            x = activated
        }
        return (x, Tape(inputs: inputs, preactivations: preactivations))
    }

    /// Adds to the parameters' gradients and to `dPooled`, `[B, inputs]`.
    func backward(dPooled: Matrix, dOut: Matrix, tape: Tape, step: TrainingStep?) {
        var gradient = dOut
        for (index, layer) in layers.enumerated().reversed() {
            let x = tape.inputs[index]
            let dx = engine.makeMatrix(rows: x.rows, columns: x.columns, precision: .float32)
            layer.backward(dx: dx, dOut: gradient, x: x)
            if shape.isActivated, index > 0 {
                engine.tanhBackward(
                    dx: dx, dOut: dx, x: tape.preactivations[index - 1], dropout: dropout(index - 1, step))
            }
            gradient = dx
        }
        engine.addForward(out: dPooled, x: dPooled, addend: gradient, dropout: inputDropout(step))
    }

    /// After layer `index`.
    private func dropout(_ index: Int, _ step: TrainingStep?) -> Dropout {
        step?.dropout(shape.name, UInt64(index), probability: probability) ?? .none
    }

    private func inputDropout(_ step: TrainingStep?) -> Dropout {
        guard shape.dropsInputs else { return .none }
        return step?.dropout("\(shape.name) input", 0, probability: probability) ?? .none
    }
}

extension RegressionHead.Shape {
    /// The heads of a configuration, in the order of the dimensions, by form:
    ///
    /// - `mlp`: per dimension `heads.<dimension>.<layer>`, or `heads.shared.<layer>`, layers counted from 0: so many times linear,
    ///   tanh and dropout, then linear.
    /// - `hf`: `projector`, `classifier`, nothing between, as `Wav2Vec2ForSequenceClassification` of transformers and its siblings
    ///   have them. There every frame is projected before the mean; both are linear, so that one projection of the mean gives the
    ///   same, `T` times cheaper.
    /// - `audeering`: dropout, `classifier.dense`, tanh, dropout, `classifier.out_proj`, as the `RegressionHead` published with
    ///   audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim. Its dense layer is as wide as its input.
    static func shapes(_ head: TrainConfiguration.Head, inputs: Int, dimensions: [String]) -> [Self] {
        switch head.form {
        case .mlp:
            let names = head.shared ? ["heads.shared"] : dimensions.map { "heads.\($0)" }
            let widths = Array(repeating: head.hidden, count: head.layers) + [head.shared ? dimensions.count : 1]
            return names.map { name in
                Self(name: name, layers: widths.enumerated().map { Layer(name: "\(name).\($0)", outputs: $1) })
            }
        case .huggingFace:
            return [
                Self(
                    name: "classifier",
                    layers: [
                        Layer(name: "projector", outputs: head.hidden),
                        Layer(name: "classifier", outputs: dimensions.count),
                    ], isActivated: false)
            ]
        case .audEERING:
            return [
                Self(
                    name: "classifier",
                    layers: [
                        Layer(name: "classifier.dense", outputs: inputs),
                        Layer(name: "classifier.out_proj", outputs: dimensions.count),
                    ], dropsInputs: true)
            ]
        }
    }
}
