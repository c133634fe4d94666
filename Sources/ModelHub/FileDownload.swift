import Foundation

/// One file of a repository: fetched from where it stopped, verified, then given its name.
struct FileDownload {
    let file: HubListing.File
    /// Where it is to be.
    let path: String
    let repository: String
    let commit: String
    let client: HubClient
    let observer: FetchObserver

    /// What an answer adds to what the listing says.
    private struct Expectation {
        var digest: ExpectedDigest?
        var byteCount: Int?
    }

    /// - Parameter onVerified: gets the file's hashes before it has its name.
    func run(onVerified: (FileDigests) throws(HubError) -> Void) throws(HubError) {
        let partial = try PartialFile(for: path, commit: commit)
        var expected = Expectation(digest: file.digest, byteCount: file.byteCount)
        // What came in one go and is wrong comes wrong again; what was pieced together may have a bad piece.
        var isPieced = partial.byteCount > 0
        while true {
            let attempts = try fill(partial, &expected)
            isPieced = isPieced || attempts > 1
            let fault: HubError
            switch verify(partial.path, expected) {
            case .success(let digests):
                try onVerified(digests)
                return try partial.publish()
            case .failure(let found): fault = found
            }
            guard isPieced else {
                partial.discard()
                throw fault
            }
            observer.onMessage("\(path): what was kept of an earlier attempt is not what it should be; beginning again")
            observer.onProgress(0, -partial.byteCount)
            try partial.restart()
            isPieced = false
        }
    }

    /// - Returns: how many attempts it took.
    private func fill(_ partial: PartialFile, _ expected: inout Expectation) throws(HubError) -> Int {
        let url = try client.url("\(repository)/resolve/\(commit)/\(file.rfilename)")
        var attempts = 0
        try client.retrying(path) { hasProgressed throws(TransferFailure) in
            attempts += 1
            do throws(HubError) {
                if let byteCount = expected.byteCount {
                    if partial.byteCount == byteCount { return }
                    if partial.byteCount > byteCount { try partial.restart() }
                }
            } catch {
                throw .lasting(error)
            }
            try client.get(url, from: partial.byteCount, what: path) { answer throws(TransferFailure) in
                try begin(answer, partial, &expected)
            } onBytes: { data throws(TransferFailure) in
                try take(data, partial, expected)
                hasProgressed = true
            }
            if let byteCount = expected.byteCount, partial.byteCount < byteCount {
                throw .passing("the connection ended early", waitSeconds: nil)
            }
        }
        return attempts
    }

    private func begin(
        _ answer: HTTPAnswer, _ partial: PartialFile, _ expected: inout Expectation
    ) throws(TransferFailure) {
        if expected.digest == nil { expected.digest = ExpectedDigest(answer) }
        if expected.byteCount == nil { expected.byteCount = answer.headers["x-linked-size"].flatMap(Int.init) }
        let goesOn = answer.status == 206 && answer.rangeStart == partial.byteCount
        guard partial.byteCount > 0, !goesOn else { return }
        // Not every server can go on from the middle.
        observer.onProgress(0, -partial.byteCount)
        do throws(HubError) { try partial.restart() } catch { throw .lasting(error) }
        if answer.status != 200 { throw .passing("the server does not go on from the middle", waitSeconds: nil) }
    }

    private func take(
        _ data: Data, _ partial: PartialFile, _ expected: Expectation
    ) throws(TransferFailure) {
        if let byteCount = expected.byteCount, partial.byteCount + data.count > byteCount {
            let found = partial.byteCount + data.count
            do throws(HubError) { try partial.restart() } catch { throw .lasting(error) }
            throw .lasting(.size(file: path, found: found, expected: byteCount))
        }
        do throws(HubError) { try partial.append(data) } catch { throw .lasting(error) }
        observer.onProgress(0, data.count)
    }

    /// Whether the whole file is what it should be.
    private func verify(_ partial: String, _ expected: Expectation) -> Result<FileDigests, HubError> {
        guard let digest = expected.digest else { return .failure(.unverifiable(file: path)) }
        guard let found = FileDigests(path: partial) else {
            return .failure(.cannotWrite(path: partial, reason: "it cannot be read again"))
        }
        if let byteCount = expected.byteCount, found.byteCount != byteCount {
            return .failure(.size(file: path, found: found.byteCount, expected: byteCount))
        }
        let counterpart = found.counterpart(of: digest)
        return counterpart == digest
            ? .success(found)
            : .failure(.digest(file: path, found: counterpart.description, expected: digest.description))
    }
}
