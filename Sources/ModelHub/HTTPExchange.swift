import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request and its answer as a stream of events, for a thread that waits for them. Redirects are answers like any other:
/// who follows one decides what goes along.
final class HTTPExchange: NSObject, URLSessionDataDelegate {
    enum Event: Sendable {
        case answer(HTTPAnswer)
        case bytes(Data)
        case end
        case failed(URLError.Code, reason: String)
    }

    private let events = Mutex<[Event]>([])
    private let arrival = DispatchSemaphore(value: 0)
    private let session = Mutex<URLSession?>(nil)

    /// Sends the request; `cancel()` ends the exchange, wherever it is.
    init(_ request: URLRequest, idleSeconds: Double) {
        super.init()
        let configuration = URLSessionConfiguration.ephemeral
        // Nothing is remembered from one exchange to the next.
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.urlCredentialStorage = nil
        configuration.timeoutIntervalForRequest = idleSeconds
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
        self.session.withLock { $0 = session }
        session.dataTask(with: request).resume()
    }

    /// The next event; nil if none has come in time. After `end` or `failed` there are none.
    func next(withinSeconds seconds: Double) -> Event? {
        guard arrival.wait(timeout: .now() + seconds) == .success else { return nil }
        return events.withLock { $0.removeFirst() }
    }

    /// A session keeps its delegate until it is told to end.
    func cancel() {
        session.withLock { session in
            session?.invalidateAndCancel()
            session = nil
        }
    }

    private func post(_ event: Event) {
        events.withLock { $0.append(event) }
        arrival.signal()
    }

    // MARK: - On the session's queue

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse, newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }

    func urlSession(
        _: URLSession, dataTask _: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        if let response = response as? HTTPURLResponse { post(.answer(HTTPAnswer(response))) }
        completionHandler(.allow)
    }

    func urlSession(_: URLSession, dataTask _: URLSessionDataTask, didReceive data: Data) { post(.bytes(data)) }

    func urlSession(_: URLSession, task _: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let error else { return post(.end) }
        let code = (error as? URLError)?.code ?? .unknown
        let words = (error as NSError).userInfo[NSLocalizedDescriptionKey] as? String
        post(.failed(code, reason: words ?? (code == .timedOut ? "nothing came for too long" : "\(code)")))
    }
}

/// Status and headers.
struct HTTPAnswer: Sendable {
    var status: Int
    /// By their names in lower case.
    var headers: [String: String]

    init(_ response: HTTPURLResponse) {
        status = response.statusCode
        headers = [:]
        for (name, value) in response.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
    }

    /// Where a redirect leads to; nil if the answer is none.
    var location: String? { [301, 302, 303, 307, 308].contains(status) ? headers["location"] : nil }

    /// Of `Content-Range: bytes 5-7/8`: 5.
    var rangeStart: Int? {
        headers["content-range"]?.firstMatch(of: /bytes ([0-9]+)-/).flatMap { Int($0.1) }
    }
}
