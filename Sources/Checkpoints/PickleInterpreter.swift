import Faults

/// Runs the pickle of a PyTorch archive as far as tensors and plain containers go, and executes nothing.
///
/// A pickle is a program for a small stack machine. Here its instructions build `PickleValue`s only; a name outside
/// `PickleGlobal` ends the reading with an error, and calling one of those inside it means filling in a
/// `StridedTensor`.
/// - Source: CPython's `Lib/pickletools.py`; the instructions of protocols 2 to 5 that `torch.save` gives.
struct PickleInterpreter {
    private var input: PickleBytes
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private(set) var tuples: [[PickleValue]] = []
    private(set) var lists: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var tensors: [StridedTensor] = []
    /// Of list items, into `OrderedDict`s.
    private var copiedCount = 0

    /// Ten thousand tensors take two megabytes. Each byte can make the interpreter allocate some fifty.
    static let byteLimit = 16 << 20

    init(path: String, bytes: [UInt8]) {
        input = PickleBytes(path: path, bytes: bytes)
    }

    /// - Returns: the object that the pickle describes; its contents are in this interpreter's tables.
    /// - Throws: `CheckpointError.refusedGlobal`, or `.malformed` naming the byte.
    mutating func run() throws(CheckpointError) -> PickleValue {
        guard input.bytes.count <= PickleInterpreter.byteLimit else {
            throw .malformed(path: path, reason: "a pickle of \(input.bytes.count) bytes; no state dict is that large")
        }
        while true {
            let opcode = try input.byte()
            if opcode == UInt8(ascii: ".") { return try pop() }
            try execute(opcode)
        }
    }

    var path: String { input.path }

    func failure(_ reason: String) -> CheckpointError { input.failure(reason) }

    // MARK: Instructions

    private mutating func execute(_ opcode: UInt8) throws(CheckpointError) {
        switch opcode {
        case 0x80:  // PROTO
            let version = try input.byte()
            guard (2...5).contains(version) else { throw failure("pickle protocol \(version); expected 2 to 5") }
        case 0x95: try input.skip(8)  // FRAME
        case UInt8(ascii: "("): marks.append(stack.count)  // MARK
        case UInt8(ascii: "0"): _ = try pop()  // POP
        case UInt8(ascii: "1"): _ = try popToMark()  // POP_MARK
        case UInt8(ascii: "2"): stack.append(try top())  // DUP
        case UInt8(ascii: "c"): try global(module: input.line(), name: input.line())  // GLOBAL
        case 0x93: try stackGlobal()  // STACK_GLOBAL
        case UInt8(ascii: "R"): try reduce()  // REDUCE
        case UInt8(ascii: "b"): try build()  // BUILD
        case UInt8(ascii: "Q"): try persistentID()  // BINPERSID
        case UInt8(ascii: "h"), UInt8(ascii: "j"), UInt8(ascii: "q"), UInt8(ascii: "r"), 0x94: try remember(opcode)
        case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"), UInt8(ascii: "d"), UInt8(ascii: "l"),
            UInt8(ascii: "t"), 0x85, 0x86, 0x87:
            try makeContainer(opcode)
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "s"), UInt8(ascii: "u"): try fillContainer(opcode)
        default: stack.append(try literal(opcode))
        }
    }

    /// An instruction that pushes one plain value.
    private mutating func literal(_ opcode: UInt8) throws(CheckpointError) -> PickleValue {
        switch opcode {
        case UInt8(ascii: "N"): return .none
        case 0x88: return .bool(true)
        case 0x89: return .bool(false)
        case UInt8(ascii: "K"): return .int(Int(try input.byte()))  // BININT1
        case UInt8(ascii: "M"): return .int(try input.unsigned(2))  // BININT2
        case UInt8(ascii: "J"): return .int(Int(Int32(truncatingIfNeeded: try input.unsigned(4))))  // BININT
        case 0x8a: return .int(try input.long(Int(input.byte())))  // LONG1
        case UInt8(ascii: "G"): return .float(Double(bitPattern: try input.bigEndian()))  // BINFLOAT
        case UInt8(ascii: "X"), UInt8(ascii: "T"):  // BINUNICODE, BINSTRING
            return .string(try input.text(input.unsigned(4)))
        case 0x8c, UInt8(ascii: "U"):  // SHORT_BINUNICODE, SHORT_BINSTRING
            return .string(try input.text(Int(input.byte())))
        case 0x8d: return .string(try input.text(input.unsigned(8)))  // BINUNICODE8
        default: throw failure("instruction 0x\(String(opcode, radix: 16)), which no state dict needs")
        }
    }

    private mutating func remember(_ opcode: UInt8) throws(CheckpointError) {
        switch opcode {
        case UInt8(ascii: "h"): try recall(Int(input.byte()))  // BINGET
        case UInt8(ascii: "j"): try recall(input.unsigned(4))  // LONG_BINGET
        case UInt8(ascii: "q"): memo[Int(try input.byte())] = try top()  // BINPUT
        case UInt8(ascii: "r"): memo[try input.unsigned(4)] = try top()  // LONG_BINPUT
        default: memo[memo.count] = try top()  // MEMOIZE
        }
    }

    private mutating func recall(_ index: Int) throws(CheckpointError) {
        guard let value = memo[index] else { throw failure("memo \(index) is not set") }
        stack.append(value)
    }

    private mutating func makeContainer(_ opcode: UInt8) throws(CheckpointError) {
        switch opcode {
        case UInt8(ascii: "}"): pushDictionary([])
        case UInt8(ascii: "d"):
            let values = try popToMark()
            pushDictionary(try pairs(values))
        case UInt8(ascii: "]"): pushList([])
        case UInt8(ascii: "l"): pushList(try popToMark())
        case UInt8(ascii: ")"): pushTuple([])
        case UInt8(ascii: "t"): pushTuple(try popToMark())
        default:  // TUPLE1 to TUPLE3
            var elements: [PickleValue] = []
            for _ in 0...(opcode - 0x85) { elements.append(try pop()) }
            pushTuple(elements.reversed())
        }
    }

    private mutating func pushDictionary(_ members: [(key: PickleValue, value: PickleValue)]) {
        dictionaries.append(members)
        stack.append(.dictionary(dictionaries.count - 1))
    }

    private mutating func pushList(_ elements: [PickleValue]) {
        lists.append(elements)
        stack.append(.list(lists.count - 1))
    }

    private mutating func pushTuple(_ elements: [PickleValue]) {
        tuples.append(elements)
        stack.append(.tuple(tuples.count - 1))
    }

    private mutating func fillContainer(_ opcode: UInt8) throws(CheckpointError) {
        var values: [PickleValue]
        switch opcode {
        case UInt8(ascii: "a"): values = [try pop()]  // APPEND
        case UInt8(ascii: "s"):  // SETITEM
            let value = try pop()
            values = [try pop(), value]
        default: values = try popToMark()  // APPENDS, SETITEMS
        }
        let isList = opcode == UInt8(ascii: "a") || opcode == UInt8(ascii: "e")
        switch try top() {
        case .list(let index) where isList: lists[index] += values
        case .dictionary(let index) where !isList: dictionaries[index] += try pairs(values)
        case let other: throw failure("items for \(other.kind)")
        }
    }

    private func pairs(_ values: [PickleValue]) throws(CheckpointError) -> [(key: PickleValue, value: PickleValue)] {
        guard values.count.isMultiple(of: 2) else { throw failure("a key without a value") }
        return stride(from: 0, to: values.count, by: 2).map { (key: values[$0], value: values[$0 + 1]) }
    }

    // MARK: Names and what they build

    private mutating func global(module: String, name: String) throws(CheckpointError) {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw .refusedGlobal(path: path, name: printable("\(module).\(name)"))
        }
        stack.append(.global(global))
    }

    private mutating func stackGlobal() throws(CheckpointError) {
        guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
            throw failure("a global whose name is no string")
        }
        try global(module: module, name: name)
    }

    private mutating func persistentID() throws(CheckpointError) {
        guard case .tuple(let index) = try pop(), tuples[index].count == 5, tuples[index][0] == .string("storage"),
            case .global(.storageType(let type)) = tuples[index][1], case .string(let key) = tuples[index][2],
            case .int(let count) = tuples[index][4], count >= 0
        else { throw failure("a persistent id that is no storage") }
        stack.append(.storage(StorageReference(type: type, key: key, elementCount: count)))
    }

    private mutating func reduce() throws(CheckpointError) {
        guard case .tuple(let index) = try pop() else { throw failure("a call without a tuple of arguments") }
        let arguments = tuples[index]
        switch try pop() {
        case .global(.orderedDictionary): try makeOrderedDictionary(arguments)
        case .global(.rebuildTensor): try rebuildTensor(arguments)
        case .global(.rebuildParameter):
            guard case .tensor? = arguments.first else { throw failure("a parameter that is no tensor") }
            stack.append(arguments[0])
        case let other: throw failure("a call of \(other.kind)")
        }
    }

    /// `OrderedDict()`, or as Python 2 wrote it, `OrderedDict([[key, value], …])`.
    private mutating func makeOrderedDictionary(_ arguments: [PickleValue]) throws(CheckpointError) {
        guard let first = arguments.first else { return pushDictionary([]) }
        guard case .list(let index) = first, arguments.count == 1 else {
            throw failure("an OrderedDict of \(first.kind)")
        }
        // A list can be named again and again for a few bytes each: what is copied in all may not exceed the pickle.
        copiedCount += lists[index].count
        guard copiedCount <= input.bytes.count else { throw failure("the same items in one OrderedDict after another") }
        var members: [(key: PickleValue, value: PickleValue)] = []
        for pair in lists[index] {
            guard let elements = elements(of: pair), elements.count == 2 else {
                throw failure("an OrderedDict's item that is no pair")
            }
            members.append((key: elements[0], value: elements[1]))
        }
        pushDictionary(members)
    }

    func elements(of value: PickleValue) -> [PickleValue]? {
        switch value {
        case .tuple(let index): tuples[index]
        case .list(let index): lists[index]
        default: nil
        }
    }

    /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, metadata])`.
    private mutating func rebuildTensor(_ arguments: [PickleValue]) throws(CheckpointError) {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
            let shape = integers(arguments[2]), let strides = integers(arguments[3]), shape.count == strides.count
        else { throw failure("a tensor that is no storage, offset, shape and strides") }
        tensors.append(
            StridedTensor(
                type: storage.type, storageKey: storage.key, storageElementCount: storage.elementCount, offset: offset,
                shape: shape, strides: strides))
        stack.append(.tensor(tensors.count - 1))
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        // No weight has more dimensions; a hostile one would take a hundred times the pickle's bytes.
        guard let elements = elements(of: value), elements.count <= 8 else { return nil }
        var integers: [Int] = []
        for element in elements {
            guard case .int(let integer) = element else { return nil }
            integers.append(integer)
        }
        return integers
    }

    /// Attributes set on an object: only `OrderedDict`s have any here (`_metadata`), and no weight depends on them.
    private mutating func build() throws(CheckpointError) {
        _ = try pop()
        guard case .dictionary = try top() else { throw failure("attributes of \(try top().kind)") }
    }

    // MARK: The stack

    private func top() throws(CheckpointError) -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.last else { throw failure("an empty stack") }
        return value
    }

    private mutating func pop() throws(CheckpointError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw failure("no mark on the stack") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }
}
