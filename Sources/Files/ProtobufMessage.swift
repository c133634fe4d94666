/// A Protocol Buffers message in its wire format, field by field.
///
/// TensorBoard's events and ONNX need a handful of messages between them: generated code and its runtime would be a hundred times the
/// size of what is needed.
/// - Source: protobuf.dev, "Encoding".
package struct ProtobufMessage: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// An integer, a Boolean or an enumeration.
    package mutating func varint(_ field: Int, _ value: Int) {
        key(field, wireType: 0)
        append(varint: UInt64(bitPattern: Int64(value)))
    }

    package mutating func float(_ field: Int, _ value: Float) {
        key(field, wireType: 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func double(_ field: Int, _ value: Double) {
        key(field, wireType: 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func string(_ field: Int, _ text: String) { data(field, Array(text.utf8)) }

    package mutating func message(_ field: Int, _ message: ProtobufMessage) { data(field, message.bytes) }

    /// Numbers in one field (`packed`).
    package mutating func doubles(_ field: Int, _ values: [Double]) {
        data(field, values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
    }

    /// A message built in place.
    package mutating func message(_ field: Int, _ build: (inout ProtobufMessage) -> Void) {
        var inner = ProtobufMessage()
        build(&inner)
        message(field, inner)
    }

    package mutating func data(_ field: Int, _ data: [UInt8]) {
        header(field, byteCount: data.count)
        bytes += data
    }

    /// Begins a field of so many bytes, which the caller writes itself.
    package mutating func header(_ field: Int, byteCount: Int) {
        key(field, wireType: 2)
        append(varint: UInt64(byteCount))
    }

    private mutating func key(_ field: Int, wireType: Int) { append(varint: UInt64(field << 3 | wireType)) }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
