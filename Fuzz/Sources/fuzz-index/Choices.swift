/// A fuzzer's bytes as a list of choices; when they run out, every further choice is 0, which is always the sound one.
struct Choices {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// One of `0 ..< count`.
    mutating func below(_ count: UInt8) -> UInt8 { byte() % count }

    /// Small numbers, powers of two and their neighbours are as likely as all others together.
    mutating func integer() -> Int {
        let kind = byte()
        switch kind & 3 {
        case 0: return Int(kind >> 2)
        case 1: return 1 << Int(kind >> 2)
        case 2: return (1 << Int(kind >> 2)) &- 1
        default: return (0..<8).reduce(0) { number, _ in number << 8 | Int(byte()) }
        }
    }
}
