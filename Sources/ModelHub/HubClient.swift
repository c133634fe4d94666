import Console
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What ended an attempt.
enum TransferFailure: Error {
    /// Trying again would not help.
    case lasting(HubError)
    /// It may pass: the reason, and how long the server wants to be left alone.
    case passing(String, waitSeconds: Double?)
}

/// Asks the hub, one exchange at a time: follows redirects, tries again what may pass, and words what does not.
final class HubClient {
    let settings: HubSettings
    private let repository: String
    private let revision: String
    private let observer: FetchObserver
    /// A hub that never answered is not there; one that did may come back.
    private var hasAnswered = false

    init(_ settings: HubSettings, repository: String, revision: String, observer: FetchObserver) {
        self.settings = settings
        self.repository = repository
        self.revision = revision
        self.observer = observer
    }

    func url(_ path: String) throws(HubError) -> URL {
        guard let url = URL(string: "\(settings.endpoint.absoluteString)/\(path)") else {
            throw .endpoint("\(settings.endpoint.absoluteString)/\(path)")
        }
        return url
    }

    /// Does `body` until it succeeds, fails for good, or has failed in a row as often as the settings allow.
    ///
    /// - Parameter body: returns its outcome; its argument is to be set once something new has come, which ends a row of
    ///   failures.
    func retrying<Outcome>(
        _ what: String, _ body: (inout Bool) throws(TransferFailure) -> Outcome
    ) throws(HubError) -> Outcome {
        var failureCount = 0
        while true {
            var hasProgressed = false
            do throws(TransferFailure) {
                return try body(&hasProgressed)
            } catch {
                switch error {
                case .lasting(let fault): throw fault
                case .passing(let reason, let wanted):
                    failureCount = hasProgressed ? 1 : failureCount + 1
                    guard failureCount < settings.attemptCount else {
                        throw .gaveUp(what: what, reason: reason, attempts: failureCount)
                    }
                    let pause = settings.firstPause / .seconds(1) * Double(1 << (failureCount - 1))
                    let seconds = min(max(pause, wanted ?? 0), 60)
                    observer.onMessage("\(what): \(reason); trying again in \(ProgressFormat.short(seconds)) s")
                    try wait(seconds)
                }
            }
        }
    }

    private func wait(_ seconds: Double) throws(HubError) {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if observer.shouldStop() { throw .interrupted }
            usleep(20_000)
        }
    }

    /// Gets what lies at an address, from a byte on.
    ///
    /// - Parameters:
    ///   - onAnswer: called once, with an answer of status 200, 206 or 416 and the headers of the redirects before it.
    ///   - onBytes: called as they come.
    func get(
        _ url: URL, from offset: Int = 0, what: String, onAnswer: (HTTPAnswer) throws(TransferFailure) -> Void,
        onBytes: (Data) throws(TransferFailure) -> Void
    ) throws(TransferFailure) {
        var url = url, headers: [String: String] = [:]
        for _ in 0..<8 {
            let exchange = HTTPExchange(request(url, from: offset), idleSeconds: settings.idleSeconds)
            defer { exchange.cancel() }
            var answer = try firstAnswer(exchange, url)
            // The hub tells a file's hash where it sends elsewhere for the file, not where it sends to.
            headers.merge(answer.headers) { linked, _ in linked }
            if let location = answer.location {
                url = try redirected(url, to: location, what)
                continue
            }
            try check(answer, what)
            for name in ["x-linked-etag", "x-linked-size"] { answer.headers[name] = headers[name] }
            try onAnswer(answer)
            while let data = try nextBytes(exchange, url) { try onBytes(data) }
            return
        }
        throw .lasting(.redirect(what: what, reason: "again and again"))
    }

    private func request(_ url: URL, from offset: Int) -> URLRequest {
        var request = URLRequest(url: url)
        request.setValue("undertone/\(Version.text)", forHTTPHeaderField: "User-Agent")
        // Ranges and hashes are of the file, not of what a server might compress it to.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if offset > 0 { request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range") }
        if let token = settings.token, HubClient.isSameOrigin(url, settings.endpoint) {
            request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        }
        return request
    }

    private static func isSameOrigin(_ a: URL, _ b: URL) -> Bool {
        a.scheme == b.scheme && a.host() == b.host() && a.port == b.port
    }

    private func redirected(_ url: URL, to location: String, _ what: String) throws(TransferFailure) -> URL {
        guard let target = URL(string: location, relativeTo: url)?.absoluteURL, target.host() != nil else {
            throw .lasting(.redirect(what: what, reason: "to what is no address"))
        }
        guard target.scheme == "https" || target.scheme == "http" && url.scheme == "http" else {
            throw .lasting(.redirect(what: what, reason: "to \(target.scheme ?? "nowhere"), which is less safe"))
        }
        return target
    }

    // MARK: - Events

    private func event(_ exchange: HTTPExchange, _ url: URL) throws(TransferFailure) -> HTTPExchange.Event {
        while true {
            if observer.shouldStop() { throw .lasting(.interrupted) }
            guard let event = exchange.next(withinSeconds: 0.1) else { continue }
            guard case .failed(let code, let reason) = event else {
                hasAnswered = true
                return event
            }
            let absent: [URLError.Code] = [.cannotFindHost, .cannotConnectToHost, .notConnectedToInternet]
            guard hasAnswered || !absent.contains(code) else {
                throw .lasting(.unreachable(host: url.host() ?? url.absoluteString, reason: reason))
            }
            throw .passing(reason, waitSeconds: nil)
        }
    }

    private func firstAnswer(_ exchange: HTTPExchange, _ url: URL) throws(TransferFailure) -> HTTPAnswer {
        guard case .answer(let answer) = try event(exchange, url) else {
            throw .passing("the server said nothing", waitSeconds: nil)
        }
        return answer
    }

    private func nextBytes(_ exchange: HTTPExchange, _ url: URL) throws(TransferFailure) -> Data? {
        switch try event(exchange, url) {
        case .bytes(let data): data
        default: nil
        }
    }

    /// Sorts out every answer that brings nothing.
    private func check(_ answer: HTTPAnswer, _ what: String) throws(TransferFailure) {
        let hub = settings.endpoint.absoluteString, hasToken = settings.token != nil
        switch (answer.status, answer.headers["x-error-code"]) {
        case (200, _), (206, _), (416, _): return
        case (408, _), (429, _), (500..., _):
            throw .passing(
                "the server answers \(answer.status)", waitSeconds: answer.headers["retry-after"].flatMap(Double.init))
        case (_, "GatedRepo"), (403, nil):
            throw .lasting(.gated(repository: repository, hub: hub, hasToken: hasToken))
        case (_, "RevisionNotFound"): throw .lasting(.noRevision(revision, repository: repository))
        case (401, _): throw .lasting(.unauthorised(repository: repository, hub: hub, hasToken: hasToken))
        case (_, "RepoNotFound"): throw .lasting(.noRepository(repository, hub: hub))
        case (404, nil) where what == repository: throw .lasting(.noRepository(repository, hub: hub))
        default:
            throw .lasting(
                .answer(what: what, status: answer.status, message: answer.headers["x-error-message"] ?? ""))
        }
    }
}
