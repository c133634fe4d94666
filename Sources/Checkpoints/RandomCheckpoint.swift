import CNumerics
import Crypto
import Foundation

/// A model of a real one's shape whose weights are drawn from a seed: for demos, tests and benchmarks, without a
/// download.
///
/// Each tensor has its own stream, keyed by seed and name, and each element its own place in it, so that tensors can
/// be drawn in any order. Integer arithmetic and one float product give the same bits on every machine.
///
/// - Normal values are sums of eight 16-bit integers (Irwin–Hall), standardised: kurtosis 2.85 for the normal's 3,
///   nothing beyond 4.9 standard deviations.
/// - Uniform values are 23-bit integers, centred and scaled.
public struct RandomCheckpoint: ModelSource {
    public let location: String
    public let configuration: ConfigurationFile
    public let preprocessor: ConfigurationFile?
    public let names: [String]
    private let seed: UInt64
    private let tensors: [String: RandomTensor]

    /// - Parameters:
    ///   - location: what stands for the model in errors: its specification.
    ///   - configuration: what a checkpoint has in `config.json`.
    ///   - preprocessor: what one has in `preprocessor_config.json`; nil for none.
    ///   - tensors: by name; the other one that `.norms` speaks of is among them.
    ///   - seed: with a tensor's name, the key of its stream.
    public init(
        location: String, configuration: ConfigurationFile, preprocessor: ConfigurationFile?,
        tensors: [String: RandomTensor], seed: UInt64
    ) {
        self.location = location
        self.configuration = configuration
        self.preprocessor = preprocessor
        self.tensors = tensors
        self.seed = seed
        names = tensors.keys.sortedBytewise()
    }

    public func shape(of name: String) -> [Int]? { tensors[name]?.shape }

    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let tensor = tensors[name] else { throw missing(name) }
        let count = elementCount(tensor.shape)!
        switch tensor.distribution {
        case .constant(let value):
            return [Float](repeating: value, count: count)
        case .normal(let standardDeviation):
            return filled(count) { ut_random_normal(key(name), Float(standardDeviation), $0, count) }
        case .uniform(let centre, let bound):
            let floats = filled(count) { ut_random_uniform(key(name), Float(bound), $0, count) }
            return centre == 0 ? floats : floats.map { centre + $0 }
        case .norms(let other):
            return RandomCheckpoint.norms(try floats(other), slices: count)
        }
    }

    private func filled(_ count: Int, _ fill: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { out, initialised in
            fill(out.baseAddress!)
            initialised = count
        }
    }

    /// The first 8 bytes of SHA-256 over the seed (8 bytes, little-endian) and the name: streams of different tensors
    /// have nothing in common.
    private func key(_ name: String) -> UInt64 {
        var hash = SHA256()
        withUnsafeBytes(of: seed.littleEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: Array(name.utf8))
        return hash.finalize().prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }

    /// `out[k] = √(Σ_i values[i, k]²)`. A float's square is exact in float64, so that the sum has the same bits on
    /// every machine.
    private static func norms(_ values: [Float], slices: Int) -> [Float] {
        var sums = [Double](repeating: 0, count: slices)
        values.withUnsafeBufferPointer { values in
            sums.withUnsafeMutableBufferPointer { sums in
                for start in stride(from: 0, to: values.count, by: slices) {
                    for slice in 0..<slices {
                        let value = Double(values[start + slice])
                        sums[slice] += value * value
                    }
                }
            }
        }
        return sums.map { Float($0.squareRoot()) }
    }
}
