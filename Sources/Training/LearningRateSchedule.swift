import Runs

#if canImport(Glibc)
    import Glibc
#endif

/// What the peak learning rate is multiplied by at a step.
///
/// Steps count from 0. The warm-up of `w` steps rises as `(s + 1)/w`; then the factor falls from 1 at step `w` as
/// `(n − s)/(n − w)` (linear) or `(1 + cos(π (s − w)/(n − w)))/2` (cosine), or stays at 1 (constant). No step has factor 0.
///
/// After the warm-up that is what transformers' `get_linear_schedule_with_warmup`, `get_cosine_schedule_with_warmup` and
/// `get_constant_schedule_with_warmup` give. Their warm-up rises as `s/w`, one step later than here: their first step moves
/// nothing.
public struct LearningRateSchedule: Sendable, Equatable {
    public let totalSteps: Int
    public let warmupSteps: Int
    public let shape: TrainConfiguration.Optimiser.Schedule

    public init(totalSteps: Int, warmupSteps: Int, shape: TrainConfiguration.Optimiser.Schedule) {
        self.totalSteps = totalSteps
        self.warmupSteps = warmupSteps
        self.shape = shape
    }

    public func factor(step: Int) -> Double {
        if step < warmupSteps { return Double(step + 1) / Double(warmupSteps) }
        let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
        return switch shape {
        case .linear: 1 - progress
        case .cosine: (1 + cos(.pi * progress)) / 2
        case .constant: 1
        }
    }
}
