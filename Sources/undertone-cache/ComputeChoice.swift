import ArgumentParser
import Buffers
import Kernels

/// The choices of `--compute`.
enum ComputeChoice: String, CaseIterable, ExpressibleByArgument {
    case auto, float32, bfloat16

    var precision: Precision {
        switch self {
        case .auto: CPUEngine.multipliesBFloat16Natively ? .bfloat16 : .float32
        case .float32: .float32
        case .bfloat16: .bfloat16
        }
    }
}
