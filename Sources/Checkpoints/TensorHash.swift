import Crypto
import Dispatch
import Files
import Synchronization

extension TensorSource {
    /// SHA-256, in hexadecimal, of the named tensors' content: the same weights give the same hash whatever file
    /// format, element type, shard layout or order they are stored in, as long as their float32 values are the same.
    ///
    /// It is the hash of the tensors' own hashes end to end (32 bytes each), in the bytewise order of their names. A
    /// tensor's own hash is over its name's UTF-8 bytes and a zero byte, the number of dimensions and each dimension
    /// as UInt64, and the elements as float32, all little-endian. So tensors are hashed side by side, on all cores.
    public func sha256OfTensors(_ names: [String]) throws(CheckpointError) -> String {
        let names = names.sortedBytewise()
        let outcomes = Mutex([Result<[UInt8], CheckpointError>?](repeating: nil, count: names.count))
        DispatchQueue.concurrentPerform(iterations: names.count) { index in
            let outcome = Result { () throws(CheckpointError) in try sha256(ofTensor: names[index]) }
            outcomes.withLock { $0[index] = outcome }
        }
        var hash = SHA256()
        for outcome in outcomes.withLock({ $0 }) { hash.update(data: try outcome!.get()) }
        return hash.finalize().hexadecimal
    }

    private func sha256(ofTensor name: String) throws(CheckpointError) -> [UInt8] {
        guard let shape = shape(of: name) else { throw missing(name) }
        var hash = SHA256()
        hash.update(data: Array(name.utf8) + [0])
        for size in [shape.count] + shape {
            withUnsafeBytes(of: UInt64(size).littleEndian) { hash.update(bufferPointer: $0) }
        }
        try withFloats(name) { floats in
            floats.withUnsafeBytes { hash.update(bufferPointer: $0) }
        }
        return Array(hash.finalize())
    }
}
