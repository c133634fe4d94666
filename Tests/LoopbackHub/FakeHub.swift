import Crypto
import Foundation

/// A hub with one repository at one commit, and the faults that a test plants.
package final class FakeHub: Sendable {
    package struct File: Sendable {
        package var name: String
        package var content: Data
        /// As large files are kept: known by their SHA-256.
        package var isLarge: Bool

        package init(name: String, content: Data, isLarge: Bool = true) {
            self.name = name
            self.content = content
            self.isLarge = isLarge
        }
    }

    package typealias Fault = @Sendable (LoopbackServer.Request, inout LoopbackServer.Reply) -> Void

    package static let commit = "0123456789abcdef0123456789abcdef01234567"
    package let server: LoopbackServer

    /// - Parameters:
    ///   - repository: what it is called.
    ///   - listsHashes: whether the listing has hashes and sizes, as the hub's own; a mirror's may not.
    ///   - sendsRanges: whether it goes on from the middle where it is asked to.
    ///   - fault: changes the reply that would be right.
    package init(
        _ files: [File] = FakeHub.files, repository: String = "org/model", listsHashes: Bool = true,
        sendsRanges: Bool = true, fault: @escaping Fault = { _, _ in }
    ) throws {
        let listing = FakeHub.listing(files, of: repository, withHashes: listsHashes)
        server = try LoopbackServer { request in
            var reply = LoopbackServer.Reply()
            if request.path.hasPrefix("/api/models/\(repository)/revision/") {
                reply.body = listing
            } else if let file = files.first(where: { request.path.hasSuffix("/\($0.name)") }) {
                reply = FakeHub.reply(file, request, sendsRanges: sendsRanges)
            } else {
                reply.status = 404
            }
            fault(request, &reply)
            return reply
        }
    }

    private static func reply(
        _ file: File, _ request: LoopbackServer.Request, sendsRanges: Bool
    ) -> LoopbackServer.Reply {
        var reply = LoopbackServer.Reply()
        reply.headers["ETag"] = "\"\(file.isLarge ? sha256(file.content) : gitBlob(file.content))\""
        reply.body = file.content
        if let start = request.rangeStart, sendsRanges {
            guard start < file.content.count else { return .init(status: 416) }
            reply.status = 206
            reply.headers["Content-Range"] = "bytes \(start)-\(file.content.count - 1)/\(file.content.count)"
            reply.body = Data(file.content.dropFirst(start))
        }
        return reply
    }

    private static func listing(_ files: [File], of repository: String, withHashes: Bool) -> Data {
        let siblings = files.map { file -> String in
            var entry = "{\"rfilename\": \"\(file.name)\""
            if withHashes {
                entry += ", \"size\": \(file.content.count), \"blobId\": \"\(gitBlob(file.content))\""
                if file.isLarge {
                    entry += ", \"lfs\": {\"sha256\": \"\(sha256(file.content))\", \"size\": \(file.content.count)}"
                }
            }
            return entry + "}"
        }
        let text = """
            {"id": "\(repository)", "sha": "\(commit)", "cardData": {"license": "apache-2.0"}, "tags": ["audio"],
             "siblings": [\(siblings.joined(separator: ", "))]}
            """
        return Data(text.utf8)
    }

    package static func sha256(_ data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }

    package static func gitBlob(_ data: Data) -> String {
        hexadecimal(Insecure.SHA1.hash(data: Data("blob \(data.count)\0".utf8) + data))
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        digest.map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
    }

    /// Weights large enough to come in several pieces.
    package static let weights = Data((0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
    package static let weightFile = File(name: "model.safetensors", content: weights)

    package static let files = [
        File(name: "config.json", content: Data("{\"model_type\": \"wav2vec2\"}".utf8), isLarge: false),
        File(name: "preprocessor_config.json", content: Data("{\"do_normalize\": true}".utf8), isLarge: false),
        weightFile,
        File(name: "README.md", content: Data("# A model".utf8), isLarge: false),
        File(name: "pytorch_model.bin", content: Data("the same again".utf8)),
        File(name: "tf_model.h5", content: Data("and again".utf8)),
    ]

    /// What is needed of them.
    package static let neededNames = ["config.json", "model.safetensors", "preprocessor_config.json"]
}
