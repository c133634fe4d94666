/// What a tensor pickle can contain, and nothing else.
///
/// Containers are indices into the interpreter's own tables, not values within values: so they are shared as Python
/// shares them, a hostile file can neither nest them until the stack overflows nor tie them into cycles that leak, and
/// copying is cheap.
enum PickleValue: Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    /// A name from an allowed module. Only `PickleInterpreter.reduce` gives it a meaning.
    case global(PickleGlobal)
    case storage(StorageReference)
    case tensor(Int)

    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .int: "an int"
        case .float: "a float"
        case .string: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dict"
        case .global: "a global"
        case .storage: "a storage"
        case .tensor: "a tensor"
        }
    }
}

/// The only names a pickle may ask for.
enum PickleGlobal: Equatable {
    case orderedDictionary
    case rebuildTensor
    case rebuildParameter
    case storageType(ElementType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", "FloatStorage"): self = .storageType(.float32)
        case ("torch", "HalfStorage"): self = .storageType(.float16)
        case ("torch", "BFloat16Storage"): self = .storageType(.bfloat16)
        case ("torch", "DoubleStorage"): self = .storageType(.float64)
        case ("torch", "LongStorage"): self = .storageType(.other(name: "int64", byteCount: 8))
        case ("torch", "IntStorage"): self = .storageType(.other(name: "int32", byteCount: 4))
        case ("torch", "ShortStorage"): self = .storageType(.other(name: "int16", byteCount: 2))
        case ("torch", "CharStorage"): self = .storageType(.other(name: "int8", byteCount: 1))
        case ("torch", "ByteStorage"): self = .storageType(.other(name: "uint8", byteCount: 1))
        case ("torch", "BoolStorage"): self = .storageType(.other(name: "bool", byteCount: 1))
        default: return nil
        }
    }
}

/// A run of elements in the archive, `data/<key>`.
struct StorageReference: Equatable {
    var type: ElementType
    var key: String
    var elementCount: Int
}

/// A strided view of a storage, in elements.
struct StridedTensor: Equatable, Sendable {
    var type: ElementType
    var storageKey: String
    var storageElementCount: Int
    var offset: Int
    var shape: [Int]
    var strides: [Int]

    /// Row-major and without gaps: can be copied in one piece.
    /// - Precondition: it has elements; the sizes of an empty one may multiply beyond all bounds.
    var isContiguous: Bool {
        var expected = 1
        for (size, stride) in zip(shape, strides).reversed() where size != 1 {
            if stride != expected { return false }
            expected *= size
        }
        return true
    }
}
