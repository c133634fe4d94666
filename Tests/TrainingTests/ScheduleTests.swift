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

    @Test(arguments: [(7, 3), (96, 32), (100, 32), (2, 5)]) func batchesCoverEverythingOnce(_ count: Int, _ size: Int) {
        let batches = Batches.shuffled(count, size: size, seed: 1, epoch: 2)
        #expect(batches.flatMap { $0 }.sorted() == Array(0..<count))
        let sizes = batches.map(\.count)
        #expect(sizes.max()! <= size && sizes.max()! - sizes.min()! <= 1)
        #expect(batches == Batches.shuffled(count, size: size, seed: 1, epoch: 2))
        #expect(count < 5 || batches != Batches.shuffled(count, size: size, seed: 1, epoch: 3))
    }
}
