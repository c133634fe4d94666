import CNumerics
import Testing

@testable import FeatureStore

/// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
private let knownAnswers: [([UInt8], UInt32)] = [
    ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
    ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
    ([UInt8](0..<32), 0x46dd_794e),
    ([UInt8]((0..<32).reversed()), 0x113f_db5c),
    (Array("123456789".utf8), 0xe306_9283),
    ([], 0),
]

@Test(arguments: knownAnswers.indices)
func crc32cKnownAnswers(number: Int) {
    let (bytes, expected) = knownAnswers[number]
    #expect(bytes.withUnsafeBytes { crc32c($0) } == expected)
    #expect(ut_crc32c_portable(0, bytes, bytes.count) == expected)
}

@Test func crc32cDispatchedAndPortableAgreeAtEveryLengthAndAlignment() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 131 ^ ($0 >> 3)) }
    for begin in 0..<9 {
        for length in 0..<(bytes.count - begin) {
            bytes.withUnsafeBytes { all in
                let part = UnsafeRawBufferPointer(rebasing: all[begin..<begin + length])
                #expect(crc32c(part) == ut_crc32c_portable(0, part.baseAddress, part.count))
            }
        }
    }
}

@Test func crc32cGoesOnFromAnEarlierPart() {
    let bytes = Array("the quick brown fox".utf8)
    let whole = bytes.withUnsafeBytes { crc32c($0) }
    let first = bytes[..<7].withUnsafeBytes { crc32c($0) }
    #expect(bytes[7...].withUnsafeBytes { crc32c($0, continuing: first) } == whole)
}
