import Crypto
import Files
import Foundation

/// The hash that a file of the hub has to have.
enum ExpectedDigest: Sendable, Equatable, CustomStringConvertible {
    /// Of large files.
    case sha256(String)
    /// Of those that git itself keeps: SHA-1 over `blob <size>\0` and the content.
    case gitBlob(String)

    /// Told apart by their lengths; nil if the text is neither.
    init?(hexadecimal text: String) {
        let digits = text.lowercased()
        guard digits.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else { return nil }
        switch digits.utf8.count {
        case 64: self = .sha256(digits)
        case 40: self = .gitBlob(digits)
        default: return nil
        }
    }

    /// From the headers of an answer that brings the file, or leads to it.
    init?(_ answer: HTTPAnswer) {
        guard var tag = answer.headers["x-linked-etag"] ?? answer.headers["etag"] else { return nil }
        if tag.hasPrefix("W/") { tag.removeFirst(2) }
        self.init(hexadecimal: tag.replacing("\"", with: ""))
    }

    var description: String {
        switch self {
        case .sha256(let digits): "SHA-256 \(digits)"
        case .gitBlob(let digits): "git SHA-1 \(digits)"
        }
    }
}

/// The hashes of a file on the disk.
struct FileDigests {
    let byteCount: Int
    let sha256: String
    let gitBlob: String

    /// Reads it all; nil if it cannot be read.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        var sha256 = SHA256(), sha1 = Insecure.SHA1()
        sha1.update(data: Data("blob \(status.st_size)\0".utf8))
        var block = [UInt8](repeating: 0, count: 1 << 20), total = 0
        while true {
            let count = read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            block.withUnsafeBytes { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                sha256.update(bufferPointer: part)
                sha1.update(bufferPointer: part)
            }
            total += count
        }
        byteCount = total
        self.sha256 = sha256.finalize().hexadecimal
        gitBlob = sha1.finalize().hexadecimal
    }

    /// The hash of the same kind.
    func counterpart(of expected: ExpectedDigest) -> ExpectedDigest {
        switch expected {
        case .sha256: .sha256(sha256)
        case .gitBlob: .gitBlob(gitBlob)
        }
    }
}
