import Buffers
import Testing

@testable import Training

@Suite struct LossAndScheduleTests {
    private func random(_ count: Int, _ seed: UInt64) -> [Float] {
        var stream = RandomStream(seed: seed, "values")
        return (0..<count).map { _ in stream.normal() }
    }

    @Test(arguments: [2, 3, 17]) func gradientMatchesDifferences(_ count: Int) {
        let predictions = [random(count, 1), random(count, 2)]
        var labels: [[Double?]] = [random(count, 3).map { Double($0) }, random(count, 4).map { Double($0) }]
        if count > 3 { labels[1][2] = nil }
        let loss = ConcordanceLoss(predictions: predictions, labels: labels)
        for dimension in 0..<2 {
            for index in 0..<count {
                var up = predictions, down = predictions
                up[dimension][index] += 1e-2
                down[dimension][index] -= 1e-2
                let difference =
                    (ConcordanceLoss(predictions: up, labels: labels).value
                        - ConcordanceLoss(predictions: down, labels: labels).value)
                    / Double(up[dimension][index] - down[dimension][index])
                #expect(abs(Double(loss.gradient[dimension][index]) - difference) < 1e-3)
            }
        }
        if count > 3 { #expect(loss.gradient[1][2] == 0) }
    }

    @Test func perfectPredictionsHaveNoLoss() {
        let values = random(9, 5)
        let loss = ConcordanceLoss(predictions: [values], labels: [values.map { Double($0) }])
        #expect(abs(loss.value) < 1e-12)
        #expect(loss.gradient[0].allSatisfy { abs($0) < 1e-6 })
    }

    /// What has no variance has a defined gradient, and a dimension without labels weighs nothing.
    @Test func degenerateBatchesAreDefined() {
        let constant = ConcordanceLoss(predictions: [[1, 1, 1]], labels: [[1, 1, 1]])
        #expect(constant.value == 0 && constant.gradient == [[0, 0, 0]])
        let flat = ConcordanceLoss(predictions: [[0, 0, 0]], labels: [[1, 2, 3]])
        #expect(flat.value == 1)
        #expect(flat.gradient[0].allSatisfy(\.isFinite) && flat.gradient[0][0] != flat.gradient[0][2])
        let empty = ConcordanceLoss(predictions: [[0, 1], [0, 1]], labels: [[0, 2], [nil, nil]])
        #expect(empty.concordance[1] == nil)
        #expect(empty.value == 1 - empty.concordance[0]!)
        #expect(empty.gradient[1] == [0, 0])
    }

    @Test func schedulesRiseAndFall() {
        let linear = LearningRateSchedule(totalSteps: 10, warmupSteps: 4, shape: .linear)
        let sixths: [Double] = [1.5, 3, 4.5, 6, 6, 5, 4, 3, 2, 1]
        for step in 0..<10 { #expect(abs(linear.factor(step: step) - sixths[step] / 6) < 1e-12) }
        let constant = LearningRateSchedule(totalSteps: 5, warmupSteps: 0, shape: .constant)
        #expect((0..<5).allSatisfy { constant.factor(step: $0) == 1 })
        let cosine = LearningRateSchedule(totalSteps: 9, warmupSteps: 1, shape: .cosine)
        #expect(cosine.factor(step: 1) == 1)
        #expect(abs(cosine.factor(step: 5) - 0.5) < 1e-12)
        #expect(cosine.factor(step: 8) > 0)
    }
}
