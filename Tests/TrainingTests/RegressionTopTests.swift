import Buffers
import Kernels
import Runs
import SpeechEncoder
import Testing
import Training

/// What stands on the encoder as torch has it: `Fixtures/make_heads.py`.
struct GoldenTop: Decodable, Sendable, CustomTestStringConvertible {
    struct Head: Decodable {
        let form: String
        let hidden: Int?
        let layers: Int?
    }

    let pooling: String
    let head: Head
    let lengths: [Int]
    let hidden: [Float]
    let parameters: [String: [Float]]
    let predictions: [[Float]]
    let dPredictions: [[Float]]
    let dHidden: [Float]
    let dParameters: [String: [Float]]

    var testDescription: String { "\(head.form), \(head.layers.map { "\($0) layers, " } ?? "")\(pooling)" }

    static let all: [GoldenTop] = Fixture.read("heads.json")
}

/// A set-up of pooling and heads.
struct TopCase: Sendable, CustomTestStringConvertible {
    var pooling = TrainConfiguration.Pooling.mean
    var head = TrainConfiguration.Head()
    var dropout: Float = 0

    var testDescription: String {
        "\(head.form.rawValue)\(head.shared ? " shared" : ""), \(head.layers) layers, \(pooling.rawValue), dropout \(dropout)"
    }

    static let dimensions = ["activation", "valence"]
    static let columns = 5

    static let heads: [TrainConfiguration.Head] = [
        head(.mlp), head(.mlp, layers: 0), head(.mlp, layers: 2, shared: true), head(.huggingFace), head(.audEERING),
    ]
    static let all: [TopCase] = TrainConfiguration.Pooling.allCases.flatMap { pooling in
        heads.map { TopCase(pooling: pooling, head: $0, dropout: 0.3) }
    }

    static func head(
        _ form: TrainConfiguration.Head.Form, layers: Int = 1, shared: Bool = false
    ) -> TrainConfiguration.Head {
        var head = TrainConfiguration.Head()
        head.form = form
        head.hidden = 4
        head.layers = layers
        head.shared = shared
        return head
    }

    /// - Parameter standardisation: nil: one that changes something.
    func make(
        _ engine: any Engine, dimensions: [String] = dimensions, columns: Int = columns, attentionWidth: Int = 3,
        standardisation: RegressionTop.Standardisation? = nil
    ) -> RegressionTop {
        let pooling = Pooling(pooling, columns: columns, attentionWidth: attentionWidth, seed: 7, engine: engine)
        return RegressionTop(
            dimensions: dimensions, pooling: pooling, head: head, dropout: dropout,
            standardisation: standardisation
                ?? RegressionTop.Standardisation(
                    shift: (0..<pooling.outputs).map { 0.1 * Float($0 % 3) },
                    scale: (0..<pooling.outputs).map { 1 + 0.2 * Float($0 % 4) }), seed: 7, engine: engine)
    }
}

@Suite struct RegressionTopTests {
    private func deviation(_ found: [Float], from expected: [Float]) -> Float {
        guard found.count == expected.count else { return .infinity }
        let scale = max(expected.reduce(0) { max($0, abs($1)) }, .leastNormalMagnitude)
        return zip(found, expected).reduce(0) { worst, pair in
            let relative = abs(pair.0 - pair.1) / scale
            return relative <= .greatestFiniteMagnitude ? max(worst, relative) : .infinity
        }
    }

    private func random(_ count: Int, _ name: String) -> [Float] {
        var stream = RandomStream(seed: 4, name)
        return (0..<count).map { _ in stream.normal() }
    }

    @Test(arguments: GoldenTop.all, [1, 3]) func predictionsAndGradientsAreTorchs(_ golden: GoldenTop, threads: Int)
        throws
    {
        let engine = CPUEngine(threads: threads), offsets = try PackedOffsets(lengths: golden.lengths)
        var set = TopCase(pooling: try #require(TrainConfiguration.Pooling(rawValue: golden.pooling)))
        set.head = TopCase.head(
            try #require(TrainConfiguration.Head.Form(rawValue: golden.head.form)), layers: golden.head.layers ?? 0,
            shared: true)
        set.head.hidden = golden.head.hidden ?? 4
        let columns = golden.hidden.count / offsets.rowCount, width = set.pooling == .mean ? columns : 2 * columns
        let top = set.make(
            engine, dimensions: ["a", "b", "c"], columns: columns, attentionWidth: 5,
            standardisation: RegressionTop.Standardisation(
                shift: [Float](repeating: 0, count: width), scale: [Float](repeating: 1, count: width)))
        #expect(Set(top.parameters.map(\.name)) == Set(golden.parameters.keys))
        for parameter in top.parameters {
            engine.upload(try #require(golden.parameters[parameter.name]), to: parameter.value)
        }
        let hidden = engine.makeMatrix(golden.hidden, rows: offsets.rowCount, columns: columns)
        let (predictions, tape) = top.forward(hidden, offsets: offsets, step: nil)
        for (found, expected) in zip(predictions, golden.predictions) {
            #expect(deviation(found, from: expected) <= 1e-5)
        }
        let dHidden = top.backward(dPredictions: golden.dPredictions, tape: tape, step: nil)
        #expect(deviation(engine.download(dHidden), from: golden.dHidden) <= 1e-5)
        for parameter in top.parameters {
            let expected = try #require(golden.dParameters[parameter.name])
            let worst = deviation(engine.download(parameter.gradient), from: expected)
            #expect(worst <= 1e-5, "the gradient of \(parameter.name) deviates by \(worst)")
        }
    }

    /// Every pooling under every head, dropout and standardisation included.
    @Test(arguments: TopCase.all) func gradientsMatchDifferences(_ set: TopCase) throws {
        let engine = ReferenceEngine(), offsets = try PackedOffsets(lengths: [3, 1, 5])
        let top = set.make(engine)
        let values = random(offsets.rowCount * TopCase.columns, "frames")
        let direction = TopCase.dimensions.map { random(offsets.utteranceCount, $0) }
        let step = TrainingStep(dropouts: .none, seed: 5, number: 3)
        func rows(_ values: [Float]) -> Matrix {
            engine.makeMatrix(values, rows: offsets.rowCount, columns: TopCase.columns)
        }
        func loss(_ values: [Float]) -> Double {
            let predictions = top.forward(rows(values), offsets: offsets, step: step).predictions
            return zip(predictions.joined(), direction.joined()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        func check(_ found: [Float], _ name: String, loss: (Int, Float) -> Double) {
            let scale = max(found.reduce(0) { max($0, abs($1)) }, 1e-2)
            for index in found.indices {
                let difference = Float((loss(index, 4e-3) - loss(index, -4e-3)) / 8e-3)
                #expect(
                    abs(found[index] - difference) <= 5e-3 * scale,
                    "d\(name)[\(index)]: \(found[index]), differences say \(difference)")
            }
        }
        let (_, tape) = top.forward(rows(values), offsets: offsets, step: step)
        let dHidden = top.backward(dPredictions: direction, tape: tape, step: step)
        check(engine.download(dHidden), "hidden") { index, change in
            var moved = values
            moved[index] += change
            return loss(moved)
        }
        for parameter in top.parameters {
            let original = engine.download(parameter.value)
            check(engine.download(parameter.gradient), parameter.name) { index, change in
                var moved = original
                moved[index] += change
                engine.upload(moved, to: parameter.value)
                defer { engine.upload(original, to: parameter.value) }
                return loss(values)
            }
        }
    }

    /// Utterances in two pieces, all forward passes before the backward ones: the predictions and gradients of one batch.
    @Test(arguments: TopCase.all) func piecesAddUpToTheBatch(_ whole: TopCase) throws {
        var set = whole
        set.dropout = 0
        let engine = CPUEngine(threads: 1), lengths = [3, 1, 5, 2], columns = TopCase.columns
        let values = random(11 * columns, "frames"), direction = TopCase.dimensions.map { random(4, $0) }
        let once = set.make(engine), parts = set.make(engine)
        func rows(_ range: Range<Int>) -> Matrix {
            engine.makeMatrix(
                Array(values[range.lowerBound * columns..<range.upperBound * columns]), rows: range.count,
                columns: columns)
        }
        let offsets = try PackedOffsets(lengths: lengths)
        let batch = once.forward(rows(0..<11), offsets: offsets, step: nil)
        let dBatch = once.backward(dPredictions: direction, tape: batch.tape, step: nil)
        let pieces = [
            parts.forward(rows(0..<4), offsets: try PackedOffsets(lengths: [3, 1]), step: nil),
            parts.forward(rows(4..<11), offsets: try PackedOffsets(lengths: [5, 2]), step: nil),
        ]
        for dimension in TopCase.dimensions.indices {
            let together = pieces.flatMap { $0.predictions[dimension] }
            #expect(deviation(together, from: batch.predictions[dimension]) <= 1e-6)
        }
        let dPieces = pieces.enumerated().flatMap { index, piece in
            engine.download(
                parts.backward(
                    dPredictions: direction.map { Array($0[2 * index..<2 * index + 2]) }, tape: piece.tape, step: nil))
        }
        #expect(deviation(dPieces, from: engine.download(dBatch)) <= 1e-5)
        for (one, other) in zip(once.parameters, parts.parameters) {
            let worst = deviation(engine.download(other.gradient), from: engine.download(one.gradient))
            #expect(worst <= 1e-5, "\(one.name): \(worst)")
        }
    }

    /// What an export does: the labels' scale goes into the last layer, standardisation into the first.
    @Test(arguments: [TopCase.head(.huggingFace), TopCase.head(.audEERING), TopCase.head(.mlp, shared: true)])
    func scalesFoldIntoTheLinearLayers(_ head: TrainConfiguration.Head) throws {
        let engine = CPUEngine(threads: 1), set = TopCase(head: head), columns = TopCase.columns
        let offsets = try PackedOffsets(lengths: [4, 2, 6])
        let hidden = engine.makeMatrix(random(12 * columns, "frames"), rows: 12, columns: columns)
        let top = set.make(engine), means = [3.0, -1.0] as [Float], deviations = [0.7, 2.0] as [Float]
        let folded = set.make(
            engine,
            standardisation: RegressionTop.Standardisation(
                shift: [Float](repeating: 0, count: columns), scale: [Float](repeating: 1, count: columns)))
        var values = top.parameters.map { engine.download($0.value) }
        let last = values.count - 2, inputs = top.parameters[last].shape[1], scale = top.standardisation.scale
        for row in 0..<values[1].count {
            for column in 0..<columns {
                values[0][row * columns + column] *= scale[column]
                values[1][row] -= values[0][row * columns + column] * top.standardisation.shift[column]
            }
        }
        for index in values[last].indices { values[last][index] *= deviations[index / inputs] }
        for index in values[last + 1].indices {
            values[last + 1][index] = values[last + 1][index] * deviations[index] + means[index]
        }
        for (parameter, value) in zip(folded.parameters, values) { engine.upload(value, to: parameter.value) }
        let plain = top.forward(hidden, offsets: offsets, step: nil).predictions
        let found = folded.forward(hidden, offsets: offsets, step: nil).predictions
        for dimension in 0..<2 {
            let expected = plain[dimension].map { $0 * deviations[dimension] + means[dimension] }
            #expect(deviation(found[dimension], from: expected) <= 1e-5)
        }
    }
}
