import Foundation
import Synchronization

/// An HTTP server on loopback that answers as a test says; each connection is one request.
package final class LoopbackServer: Sendable {
    package struct Request: Sendable {
        package var path: String
        /// By their names in lower case.
        package var headers: [String: String]

        /// Of `Range: bytes=7-`: 7.
        package var rangeStart: Int? {
            headers["range"].flatMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6).dropLast()) : nil }
        }
    }

    package struct Reply: Sendable {
        package var status: Int
        package var headers: [String: String]
        package var body = Data()
        /// After how many bytes of the body the connection is cut.
        package var cutAfter: Int?

        package init(status: Int = 200, headers: [String: String] = [:]) {
            self.status = status
            self.headers = headers
        }
    }

    package let port: UInt16
    private let descriptor: Int32
    private let seen = Seen()

    /// Apart from the server, so that the thread that fills it does not keep the server.
    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    package var address: String { "http://127.0.0.1:\(port)" }
    /// In the order in which they came.
    package var requests: [Request] { seen.requests.withLock { $0 } }

    /// - Parameter answer: called on a thread of the server's, one request at a time.
    package init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        // A client that goes away is an error of the write.
        signal(SIGPIPE, SIG_IGN)
        let (listener, port) = try LoopbackServer.bindAnyPort()
        guard listen(listener, 16) == 0 else { throw CocoaError(.fileReadUnknown) }
        self.port = port
        descriptor = listener
        Thread { [seen] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0, errno == EINTR { continue }
                guard connection >= 0 else { break }
                if let request = LoopbackServer.read(connection) {
                    seen.requests.withLock { $0.append(request) }
                    LoopbackServer.send(answer(request), to: connection)
                }
                close(connection)
            }
            // Closed by the thread that accepts: else it might go on with the number when another server has it.
            close(listener)
        }.start()
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// A port on loopback at which nobody listens, as long as the descriptor is open.
    package static func bindAnyPort() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw CocoaError(.fileReadUnknown) }
        return (descriptor, UInt16(bigEndian: place.sin_port))
    }

    private static func read(_ connection: Int32) -> Request? {
        var text = "", block = [UInt8](repeating: 0, count: 4096)
        while !text.contains("\r\n\r\n") {
            let count = recv(connection, &block, block.count, 0)
            guard count > 0 else { return nil }
            text += String(decoding: block[..<count], as: UTF8.self)
        }
        let lines = text.components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        return Request(path: String(words[1]), headers: headers)
    }

    private static func send(_ reply: Reply, to connection: Int32) {
        var head = "HTTP/1.1 \(reply.status) Reply\r\nConnection: close\r\nContent-Length: \(reply.body.count)\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        var bytes = Data((head + "\r\n").utf8) + reply.body.prefix(reply.cutAfter ?? reply.body.count)
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return }
            bytes = Data(bytes.dropFirst(count))
        }
        // Else closing could take back what the other side has not read yet.
        shutdown(connection, Int32(SHUT_WR))
        var block = [UInt8](repeating: 0, count: 256)
        while recv(connection, &block, block.count, 0) > 0 {}
    }
}
