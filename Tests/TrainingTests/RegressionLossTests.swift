import Buffers
import Foundation
import Runs
import Testing
import Training

/// A loss as torch's autograd has it: `Fixtures/make_losses.py`.
struct GoldenLoss: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let terms: [String: Double]
    let weights: [Double]
    let predictions: [[Float]]
    let labels: [[Double?]]
    let value: Double
    let gradient: [[Double]]

    var testDescription: String { name }

    static let all: [GoldenLoss] = Fixture.read("losses.json")
}

enum Fixture {
    static func read<T: Decodable>(_ name: String) -> [T] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
        do {
            return try JSONDecoder().decode([T].self, from: Data(contentsOf: file))
        } catch {
            fatalError("\(file.path): \(error)")
        }
    }
}

@Suite struct RegressionLossTests {
    typealias Loss = TrainConfiguration.Loss

    private func random(_ count: Int, _ seed: UInt64) -> [Float] {
        var stream = RandomStream(seed: seed, "values")
        return (0..<count).map { _ in stream.normal() }
    }

    private func make(_ terms: [Loss.Term: Double], weights: [Double]) -> RegressionLoss {
        let names = weights.indices.map { "d\($0)" }
        return RegressionLoss(
            Loss(terms, weights: Dictionary(uniqueKeysWithValues: zip(names, weights))), dimensions: names)
    }

    @Test(arguments: GoldenLoss.all) func valueAndGradientAreTorchs(_ golden: GoldenLoss) throws {
        var terms: [Loss.Term: Double] = [:]
        for (name, weight) in golden.terms { terms[try #require(Loss.Term(rawValue: name))] = weight }
        let loss = make(terms, weights: golden.weights)(predictions: golden.predictions, labels: golden.labels)
        #expect(abs(loss.value - golden.value) <= 1e-12 * max(1, abs(golden.value)))
        #expect(loss.gradient.count == golden.gradient.count)
        let scale = golden.gradient.joined().reduce(0) { max($0, abs($1)) }
        for (found, expected) in zip(loss.gradient, golden.gradient) {
            #expect(found.count == expected.count)
            // Rounded once, to float32.
            for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) <= 1e-7 * scale) }
        }
    }

    @Test(arguments: Loss.Term.allCases, [2, 3, 17])
    func gradientMatchesDifferences(_ term: Loss.Term, _ count: Int) {
        let predictions = [random(count, 1), random(count, 2)]
        var labels: [[Double?]] = [random(count, 3).map { Double($0) }, random(count, 4).map { Double($0) }]
        if count > 3 { labels[1][2] = nil }
        let loss = make([term: 1.5], weights: [1, 3])
        let gradient = loss(predictions: predictions, labels: labels).gradient
        for dimension in 0..<2 {
            for index in 0..<count {
                var up = predictions, down = predictions
                up[dimension][index] += 1e-2
                down[dimension][index] -= 1e-2
                let rise =
                    loss(predictions: up, labels: labels).value - loss(predictions: down, labels: labels).value
                let difference = rise / Double(up[dimension][index] - down[dimension][index])
                #expect(abs(Double(gradient[dimension][index]) - difference) < 3e-3)
            }
        }
        if count > 3 { #expect(gradient[1][2] == 0) }
    }

    @Test(arguments: Loss.Term.allCases) func perfectPredictionsHaveNoLoss(_ term: Loss.Term) {
        let values = random(9, 5)
        let loss = make([term: 1], weights: [1])(predictions: [values], labels: [values.map { Double($0) }])
        #expect(abs(loss.value) < 1e-12)
        #expect(loss.gradient[0].allSatisfy { abs($0) < 1e-6 })
    }

    /// What has no variance has a defined gradient. The values are such that the mean of equal ones misses them in the last digit.
    @Test(arguments: [Loss.Term.ccc, .unbiasedCCC]) func degenerateBatchesAreDefined(_ term: Loss.Term) {
        let loss = make([term: 1], weights: [1])
        let tenth = Float(0.1), same = loss(predictions: [[tenth, tenth, tenth]], labels: [[0.1, 0.1, 0.1]])
        #expect(same.value == 1 && same.gradient == [[0, 0, 0]])
        let equal = loss(
            predictions: [[tenth, tenth, tenth]], labels: [[Double](repeating: Double(tenth), count: 3)])
        #expect(equal.value == 0 && equal.gradient == [[0, 0, 0]])
        let labels = loss(predictions: [[1, 2, 4]], labels: [[0.1, 0.1, 0.1]])
        #expect(labels.value == 1 && labels.gradient == [[0, 0, 0]])
        let flat = loss(predictions: [[tenth, tenth, tenth]], labels: [[1, 2, 3]])
        #expect(flat.value == 1)
        // Towards the labels, and finite.
        #expect(flat.gradient[0][0] > 0 && flat.gradient[0][2] < 0 && flat.gradient[0][0] < 10)
    }

    /// Nothing to learn from: no loss, no gradient.
    @Test(arguments: Loss.Term.allCases) func withoutLabelsThereIsNoLoss(_ term: Loss.Term) {
        let loss = make([term: 1], weights: [1, 1])
        let none = loss(predictions: [[0, 1], [0, 1]], labels: [[nil, nil], [nil, nil]])
        #expect(none.value == 0 && none.gradient == [[0, 0], [0, 0]])
        // A dimension without labels weighs nothing, whatever its weight.
        let one = make([term: 1], weights: [1, 9])(predictions: [[0, 1], [0, 1]], labels: [[0, 2], [nil, nil]])
        #expect(one.value == make([term: 1], weights: [1])(predictions: [[0, 1]], labels: [[0, 2]]).value)
        #expect(one.gradient[1] == [0, 0])
    }

    /// CCC needs two labelled utterances; the errors go on with one.
    @Test func termsAreAveragedOverTheirOwnDimensions() {
        let loss = make([.ccc: 1, .mse: 1], weights: [1, 1])
        let result = loss(predictions: [[1, 2], [5, 7]], labels: [[1, 2], [nil, 8]])
        #expect(abs(result.value - 0.5) < 1e-12)
        #expect(result.gradient[1] == [0, -1])
    }
}
