import Buffers
import Kernels
import Runs

extension TrainConfiguration.Compute {
    /// What `auto` means on this processor: bfloat16 where it multiplies that natively, float32 elsewhere.
    public var precision: Precision {
        switch self {
        case .auto: CPUEngine.multipliesBFloat16Natively ? .bfloat16 : .float32
        case .float32: .float32
        case .bfloat16: .bfloat16
        }
    }
}
