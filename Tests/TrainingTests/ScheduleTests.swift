import Foundation
import Runs
import Testing

@testable import Training

@Suite struct ScheduleTests {
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

    /// The formulas of transformers' `get_linear_schedule_with_warmup` and its siblings: the same after the warm-up, in which ours is a
    /// step ahead.
    @Test(arguments: TrainConfiguration.Optimiser.Schedule.allCases, [(20, 6), (20, 0), (7, 7), (9, 8)])
    func schedulesAreThoseOfTransformers(_ shape: TrainConfiguration.Optimiser.Schedule, _ steps: (Int, Int)) {
        let (total, warmup) = steps
        func theirs(_ step: Int) -> Double {
            if step < warmup { return Double(step) / Double(max(1, warmup)) }
            let progress = Double(step - warmup) / Double(max(1, total - warmup))
            switch shape {
            case .linear: return max(0, Double(total - step) / Double(max(1, total - warmup)))
            case .cosine: return max(0, 0.5 * (1 + cos(.pi * 0.5 * 2 * progress)))
            case .constant: return 1
            }
        }
        let ours = LearningRateSchedule(totalSteps: total, warmupSteps: warmup, shape: shape)
        for step in 0..<total {
            #expect(
                abs(ours.factor(step: step) - theirs(step < warmup ? step + 1 : step)) < 1e-12 || step + 1 == warmup)
            #expect(ours.factor(step: step) > 0 && ours.factor(step: step) <= 1)
        }
        if warmup > 0 { #expect(ours.factor(step: warmup - 1) == 1) }
    }
}
