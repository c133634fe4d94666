import Buffers
import Kernels
import SpeechEncoder

/// What was found where a loss or a gradient is not finite: the first tensor on the way from the rows to the gradients that is not.
public struct NotFinite: Error, Equatable, CustomStringConvertible {
    public enum Place: Sendable, Equatable {
        /// What was read.
        case rows(cut: String)
        /// The output of a part of the model, on the way up.
        case activation(of: String)
        /// On the way down.
        case gradient(of: String)
        /// What the heads say of a dimension.
        case prediction(of: String)
        /// A trained tensor itself.
        case parameter(String)
        /// Everything before it is finite.
        case loss
    }

    public let place: Place
    /// Those that show it, where they can be told apart.
    public let utterances: [String]
    /// What a step gave; nil where it was not a step that showed it.
    public let seen: Seen?

    public struct Seen: Sendable, Equatable {
        public let loss: Double
        public let gradientNorm: Double
    }

    /// How many utterances are named; the rest are counted.
    private static let exampleCount = 3

    public var description: String {
        let first =
            switch place {
            case .rows(let cut): "the rows at cut \(cut)"
            case .activation(let part): "the output of \(part)"
            case .prediction(let dimension): "the prediction of \(dimension)"
            case .gradient(let name): "the gradient of \(name)"
            case .parameter(let name): "the parameter \(name)"
            case .loss: "the loss itself"
            }
        let named = utterances.prefix(Self.exampleCount).map { "'\($0)'" }.joined(separator: ", ")
        let more = utterances.count - Self.exampleCount
        let of = utterances.isEmpty ? "" : " of utterance \(named)" + (more > 0 ? " and \(more) more" : "")
        let step = seen.map { seen in
            // A NaN's sign says nothing.
            let norm = seen.gradientNorm.isNaN ? Double.nan : seen.gradientNorm
            return "the loss is \(seen.loss) and the gradient's norm \(norm); "
        }
        return "\(step ?? "")first not finite: \(first)\(of)"
    }

    var advice: String {
        if case .rows = place {
            return "cache these recordings again, or take them out of the manifest"
        }
        return "go on from there with lower learning rates (--resume --set optimiser.learning_rate.layers=…, or heads, "
            + "adapters, embedding) or in float32 (--resume --compute float32)"
    }
}

extension Trainer {
    /// Looks for the first tensor that is not finite: parameters, the rows, what every part of the model makes of them on the way
    /// up, then gradients from the heads down. Utterances are tried one at a time, each with the masks that it drew in its
    /// batch. Costs a forward pass, once.
    func diagnosis(
        loss: Double, gradientNorm: Double, _ examples: [TrainingCorpus.Example], step: TrainingStep
    ) throws -> NotFinite {
        func found(_ place: NotFinite.Place, _ utterances: [String] = []) -> NotFinite {
            NotFinite(place: place, utterances: utterances, seen: .init(loss: loss, gradientNorm: gradientNorm))
        }
        let parameters = optimiser.parameters
        if let parameter = parameters.first(where: { !engine.isFinite($0.value) }) {
            return found(.parameter(parameter.name))
        }
        var unreadable: [String] = [], lowest: RegressionModel.Finding?, utterances: [String] = [], firstRow = 0
        for (index, example) in examples.enumerated() {
            defer { firstRow += example.frameCount }
            let alone = try reader.batch([example])
            guard let piece = alone.pieces.first else { continue }
            guard engine.isFinite(try alone.rows(piece)) else {
                unreadable.append(example.id)
                continue
            }
            let rows = try rows(of: piece, in: alone, [example], step: Int(step.number))
            guard
                let finding = model.firstNotFinite(
                    rows, offsets: piece.offsets, step: step.piece(firstRow: firstRow),
                    headStep: step.piece(firstRow: index))
            else { continue }
            if finding.depth < lowest?.depth ?? .max { (lowest, utterances) = (finding, []) }
            if finding.place == lowest?.place { utterances.append(example.id) }
        }
        if !unreadable.isEmpty { return found(.rows(cut: "\(reader.cut)"), unreadable) }
        if let lowest { return found(lowest.place, utterances) }
        if loss.isFinite, let parameter = parameters.last(where: { !engine.isFinite($0.gradient) }) {
            return found(.gradient(of: parameter.name))
        }
        return found(.loss)
    }
}

extension RegressionModel {
    /// The first tensor on the way up that is not finite, and how many parts lie below it.
    struct Finding {
        let place: NotFinite.Place
        let depth: Int
    }

    /// Nil where everything up to the predictions is finite.
    /// - Parameters:
    ///   - step: for the frames, beginning at the row that they have in their batch.
    ///   - headStep: for the pooled rows, likewise.
    func firstNotFinite(
        _ rows: Matrix, offsets: PackedOffsets, step: TrainingStep, headStep: TrainingStep
    ) -> Finding? {
        var first: Finding?, depth = 0
        func look(at output: Matrix, _ place: NotFinite.Place) {
            if first == nil, !engine.isFinite(output) { first = Finding(place: place, depth: depth) }
            depth += 1
        }
        let (hidden, _) = encoder.forward(rows, offsets: offsets, step: step, keepsTape: false) { part, output in
            look(at: output, .activation(of: part))
        }
        let (pooled, _) = top.pooling.forward(hidden, offsets: offsets)
        look(at: pooled, .activation(of: "pooling"))
        for (dimension, values) in zip(dimensions, top.predictions(pooled, step: headStep).predictions) {
            look(at: engine.makeRow(values), .prediction(of: dimension))
        }
        return first
    }
}

extension Engine {
    func isFinite(_ matrix: Matrix) -> Bool { sumOfSquares(matrix).isFinite }
}
