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
        /// A trained tensor itself.
        case parameter(String)
        /// Nothing that could be computed again without dropout.
        case loss
    }

    public let place: Place
    /// Those that show it, where they can be told apart.
    public let utterances: [String]
    public let loss: Double
    public let gradientNorm: Double

    /// How many utterances are named; the rest are counted.
    private static let exampleCount = 3

    public var description: String {
        let first =
            switch place {
            case .rows(let cut): "the rows at cut \(cut)"
            case .activation(let part): "the output of \(part)"
            case .gradient(let name): "the gradient of \(name)"
            case .parameter(let name): "the parameter \(name)"
            case .loss: "the loss itself"
            }
        let named = utterances.prefix(Self.exampleCount).map { "'\($0)'" }.joined(separator: ", ")
        let more = utterances.count - Self.exampleCount
        let of = utterances.isEmpty ? "" : " of utterance \(named)" + (more > 0 ? " and \(more) more" : "")
        // A NaN's sign says nothing.
        let norm = gradientNorm.isNaN ? Double.nan : gradientNorm
        return "the loss is \(loss) and the gradient's norm \(norm); first not finite: \(first)\(of)"
    }

    var advice: String {
        if case .rows = place {
            return "cache these recordings again, or take them out of the manifest"
        }
        return "go on from there with lower learning rates (--resume --set optimiser.learning_rate.layers=…) or in "
            + "float32 (--resume --compute float32)"
    }
}

extension Trainer {
    /// Looks for the first tensor that is not finite: parameters, then for each utterance by itself the rows and what every part
    /// makes of them, then gradients from the heads down. Costs a few forward passes, once.
    func diagnosis(
        loss: Double, gradientNorm: Double, _ examples: [TrainingCorpus.Example]
    ) throws -> NotFinite {
        func found(_ place: NotFinite.Place, _ utterances: [String] = []) -> NotFinite {
            NotFinite(place: place, utterances: utterances, loss: loss, gradientNorm: gradientNorm)
        }
        let parameters = optimiser.parameters
        if let parameter = parameters.first(where: { !isFinite($0.value) }) { return found(.parameter(parameter.name)) }
        var order: [String] = [], utterances: [String: [String]] = [:], unreadable: [String] = []
        for example in examples {
            let batch = try reader.batch([example])
            for piece in batch.pieces {
                let rows = try batch.rows(piece)
                guard isFinite(rows) else {
                    unreadable.append(example.id)
                    continue
                }
                guard let part = model.firstNotFinite(rows, offsets: piece.offsets) else { continue }
                if utterances[part] == nil { order.append(part) }
                utterances[part, default: []].append(example.id)
            }
        }
        if !unreadable.isEmpty { return found(.rows(cut: "\(reader.cut)"), unreadable) }
        if let part = order.first { return found(.activation(of: part), utterances[part, default: []]) }
        if loss.isFinite, let parameter = parameters.last(where: { !isFinite($0.gradient) }) {
            return found(.gradient(of: parameter.name))
        }
        return found(.loss)
    }

    private func isFinite(_ matrix: Matrix) -> Bool { engine.sumOfSquares(matrix).isFinite }
}

extension RegressionModel {
    /// The first part, from the cut up, whose output is not finite; without dropout.
    func firstNotFinite(_ rows: Matrix, offsets: PackedOffsets) -> String? {
        var first: String?
        let hidden = encoder(rows, offsets: offsets) { part, output in
            if first == nil, !engine.sumOfSquares(output).isFinite { first = part }
        }
        if let first { return first }
        let pooled = makePooled(offsets.utteranceCount)
        engine.meanPoolForward(out: pooled, x: hidden, offsets: offsets)
        guard engine.sumOfSquares(pooled).isFinite else { return "pooling" }
        for (dimension, values) in zip(dimensions, predictions(rows, offsets: offsets))
        where values.contains(where: { !$0.isFinite }) {
            return "heads.\(dimension)"
        }
        return nil
    }
}
