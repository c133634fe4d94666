import Checkpoints
import Foundation
import Kernels
import SpeechEncoder

/// An exponential moving average of the weights over the steps, which is evaluated and kept in their place.
///
/// With decay `β` and weights `w_s` after step `s`, after step `t`
///
///     a_t = Σ_s βᵗ⁻ˢ w_s / Σ_s βᵗ⁻ˢ        s = 1 … t
///
/// which is the usual `m_t = β m_{t−1} + (1 − β) w_t` from `m_0 = 0`, divided by `1 − βᵗ`: the weights that training began with have no
/// part in it, so that a run far shorter than `1/(1 − β)` steps keeps the plain mean of its weights rather than its start. It is
/// computed as `a_t = a_{t−1} + (1 − β)/(1 − βᵗ) · (w_t − a_{t−1})`, in float32.
/// - Source: Polyak and Juditsky 1992 for averaging; Kingma and Ba 2015, sections 3 and 7.2, for the correction and its use on weights.
struct WeightAverage: Sendable {
    private struct Entry: Sendable {
        let parameter: Parameter
        let average: Matrix
    }

    private let entries: [Entry]
    private let decay: Double
    private let engine: any Engine

    init(of parameters: [Parameter], decay: Double, engine: any Engine) {
        self.decay = decay
        self.engine = engine
        entries = parameters.map { parameter in
            let shape = parameter.value.shape
            let average = engine.makeMatrix(rows: shape[0], columns: shape[1], precision: .float32)
            engine.clear(average)
            return Entry(parameter: parameter, average: average)
        }
    }

    /// - Parameter step: the one just taken, from 1.
    func update(step: Int) {
        let weight = Float((1 - decay) / (1 - pow(decay, Double(step))))
        for entry in entries { engine.blend(out: entry.average, x: entry.parameter.value, weight: weight) }
    }

    /// Puts the averages where the weights are, operands included, and the weights where the averages are; a second exchange
    /// undoes the first to the bit.
    func exchange() {
        for entry in entries {
            let value = entry.parameter.value
            let spare = engine.makeMatrix(rows: value.rows, columns: value.columns, precision: .float32)
            engine.convert(value, to: spare)
            engine.convert(entry.average, to: value)
            engine.convert(spare, to: entry.average)
            if let operand = entry.parameter.operand { engine.convert(value, to: operand) }
        }
    }

    // MARK: State

    private static func name(_ parameter: Parameter) -> String { "\(parameter.name)#average" }

    var tensors: [(name: String, shape: [Int], read: () -> [Float])] {
        entries.map { entry in
            (Self.name(entry.parameter), entry.parameter.shape, { engine.download(entry.average) })
        }
    }

    func restore(from file: SafetensorsFile) throws {
        for entry in entries {
            engine.upload(
                try file.floats(Self.name(entry.parameter), shape: entry.parameter.shape), to: entry.average)
        }
    }
}
