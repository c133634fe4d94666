/// Element types that a matrix or a stored row can have.
public enum Precision: String, Sendable, Codable, CaseIterable {
    case float32
    case bfloat16
    case float16

    public var byteCount: Int { self == .float32 ? 4 : 2 }
}
