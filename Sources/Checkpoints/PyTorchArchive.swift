import Faults
import Foundation

/// A state dict saved by `torch.save` since PyTorch 1.6: a zip archive of raw storages and a pickle that says which
/// tensor is which.
///
/// Nothing in the pickle is executed: see `PickleInterpreter`.
public struct PyTorchArchive: TensorSource {
    public let location: String
    public let names: [String]
    private let file: MappedFile
    private let tensors: [String: StridedTensor]
    /// Bytes of each storage, by key.
    private let storages: [String: Range<Int>]

    /// - Throws: `CheckpointError.unreadable`, `.malformed`, `.refusedGlobal`, or `.tensor` at the first tensor that
    ///   leaves its storage.
    public static func open(_ path: String) throws(CheckpointError) -> PyTorchArchive {
        try PyTorchArchive(MappedFile(path))
    }

    init(_ file: MappedFile) throws(CheckpointError) {
        let path = file.path
        guard file.count >= 4, file.bytes(0..<4) == [0x50, 0x4b, 0x03, 0x04] else {
            throw .malformed(path: path, reason: PyTorchArchive.whatElse(file))
        }
        let archive = try ZipArchive(file)
        // Everything lies in one folder, named after whatever file it was saved to.
        let pickles = archive.entries.keys.filter { $0.hasSuffix("/data.pkl") && $0.count(where: { $0 == "/" }) == 1 }
        guard pickles.count == 1, let pickleName = pickles.first else {
            throw .malformed(
                path: path, reason: "a zip archive without a data.pkl; expected a state dict saved by torch.save")
        }
        let folder = pickleName.dropLast("data.pkl".count)
        if let range = archive.entries["\(folder)byteorder"], file.bytes(range) != Array("little".utf8) {
            throw .malformed(path: path, reason: "saved on a big-endian machine; save it again on a little-endian one")
        }
        var interpreter = PickleInterpreter(path: path, bytes: file.bytes(archive.entries[pickleName]!))
        let root = try interpreter.run()
        let named = try interpreter.stateDictionary(root)
        var storages: [String: Range<Int>] = [:]
        for (name, tensor) in named.sorted(by: { $0.key < $1.key }) {
            guard let range = archive.entries["\(folder)data/\(tensor.storageKey)"] else {
                throw .tensor(path: path, name: name, reason: "its storage \(printable(tensor.storageKey)) is missing")
            }
            try PyTorchArchive.check(tensor, name: name, storageByteCount: range.count, path: path)
            storages[tensor.storageKey] = range
        }
        location = path
        names = named.keys.sortedBytewise()
        tensors = named
        self.file = file
        self.storages = storages
    }

    public func shape(of name: String) -> [Int]? { tensors[name]?.shape }

    public func storedType(of name: String) -> String? { tensors[name]?.type.name }

    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let tensor = tensors[name], let storage = storages[tensor.storageKey] else { throw missing(name) }
        let onePiece = PyTorchArchive.onePiece(tensor, storage)
        guard let stored = file.withBytes(onePiece ?? storage, { tensor.type.floats($0) }) else {
            throw .tensor(
                path: location, name: name,
                reason: "its elements are \(tensor.type.name); expected float32, float16, bfloat16 or float64")
        }
        return onePiece == nil ? PyTorchArchive.gather(stored, tensor) : stored
    }

    public func withFloats<Outcome>(
        _ name: String, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        if let tensor = tensors[name], tensor.type == .float32, let storage = storages[tensor.storageKey],
            let range = PyTorchArchive.onePiece(tensor, storage), file.holdsAlignedFloats(range)
        {
            return try file.withFloats(range, body)
        }
        let copy = try floats(name)
        return try body(copy.span)
    }

    /// Where the tensor's elements lie, in order and without gaps; nil where they do not.
    private static func onePiece(_ tensor: StridedTensor, _ storage: Range<Int>) -> Range<Int>? {
        let count = elementCount(tensor.shape)!  // checked when opened
        // An empty view may begin anywhere, also past the end, and its sizes and strides may be of any magnitude.
        if count == 0 { return 0..<0 }
        guard tensor.isContiguous else { return nil }
        let first = storage.lowerBound + tensor.offset * tensor.type.byteCount
        return first..<first + count * tensor.type.byteCount
    }

    /// `out[i, j, …] = stored[offset + i·strides[0] + j·strides[1] + …]`, row-major.
    private static func gather(_ stored: [Float], _ tensor: StridedTensor) -> [Float] {
        let count = elementCount(tensor.shape)!  // checked when opened
        return [Float](unsafeUninitializedCapacity: count) { out, initialised in
            var index = [Int](repeating: 0, count: tensor.shape.count)
            var source = tensor.offset
            for position in 0..<count {
                out.initializeElement(at: position, to: stored[source])
                for dimension in index.indices.reversed() {
                    index[dimension] += 1
                    source += tensor.strides[dimension]
                    if index[dimension] < tensor.shape[dimension] { break }
                    source -= tensor.strides[dimension] * tensor.shape[dimension]
                    index[dimension] = 0
                }
            }
            initialised = count
        }
    }

    /// Every element must lie inside the storage, and the storage inside its entry.
    private static func check(
        _ tensor: StridedTensor, name: String, storageByteCount: Int, path: String
    ) throws(CheckpointError) {
        func wrong(_ reason: String) -> CheckpointError { .tensor(path: path, name: name, reason: reason) }
        let (needed, overflow) = tensor.storageElementCount.multipliedReportingOverflow(by: tensor.type.byteCount)
        guard !overflow, needed == storageByteCount else {
            throw wrong(
                "its storage has \(storageByteCount) bytes; expected \(tensor.storageElementCount) \(tensor.type.name)"
            )
        }
        guard let count = elementCount(tensor.shape) else { throw wrong("shape \(tensor.shape) is no list of sizes") }
        guard tensor.offset >= 0, count > 0 || tensor.shape.contains(0) else { throw wrong("a negative offset") }
        if count == 0 { return }
        guard count <= tensor.storageElementCount else {
            throw wrong("\(count) elements of a storage of \(tensor.storageElementCount): its strides repeat elements")
        }
        var last = tensor.offset
        for (size, stride) in zip(tensor.shape, tensor.strides) {
            let (span, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
            let (sum, overflowToo) = last.addingReportingOverflow(span)
            guard stride >= 0, !overflow, !overflowToo else {
                throw wrong("strides \(tensor.strides) leave its storage")
            }
            last = sum
        }
        guard last < tensor.storageElementCount else {
            throw wrong("it ends at element \(last) of a storage of \(tensor.storageElementCount)")
        }
    }

    /// What a file that is no zip archive probably is.
    private static func whatElse(_ file: MappedFile) -> String {
        let start = file.bytes(0..<min(file.count, 64))
        if file.count == 0 { return "is empty; expected a state dict saved by torch.save" }
        if start.starts(with: [0x80, 0x02, 0x8a, 0x0a]) {
            return "saved in PyTorch's format before 1.6; save it again: "
                + "torch.save(torch.load(path, weights_only=True), path)"
        }
        if start.starts(with: Array("version https://git-lfs".utf8)) {
            return "is a Git LFS pointer, not the weights; fetch them with: git lfs pull"
        }
        return "is no zip archive; expected a state dict saved by torch.save since PyTorch 1.6"
    }
}

extension PickleInterpreter {
    /// The tensors of a state dict by name, or of the state dict under the root's `state_dict`. Entries that are no
    /// tensors are left out.
    func stateDictionary(_ root: PickleValue) throws(CheckpointError) -> [String: StridedTensor] {
        guard case .dictionary(let index) = root else {
            throw .malformed(path: path, reason: "holds \(root.kind); expected a state dict, names and tensors")
        }
        if let nested = dictionaries[index].last(where: { $0.key == .string("state_dict") }),
            case .dictionary = nested.value, nested.value != root
        {
            return try stateDictionary(flat: nested.value)
        }
        return try stateDictionary(flat: root)
    }

    private func stateDictionary(flat root: PickleValue) throws(CheckpointError) -> [String: StridedTensor] {
        guard case .dictionary(let index) = root else { return [:] }
        var named: [String: StridedTensor] = [:]
        for member in dictionaries[index] {
            guard case .tensor(let tensor) = member.value else { continue }
            guard case .string(let name) = member.key else {
                throw .malformed(path: path, reason: "a tensor under \(member.key.kind); expected a name")
            }
            named[name] = tensors[tensor]
        }
        guard !named.isEmpty else { throw .malformed(path: path, reason: "a state dict without tensors") }
        return named
    }
}
