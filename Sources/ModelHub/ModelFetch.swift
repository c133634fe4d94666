import Checkpoints
import Files
import Foundation

/// What a fetch tells its caller while it works.
public struct FetchObserver: Sendable {
    /// Asked often.
    public var shouldStop: @Sendable () -> Bool
    /// So many files are to come, with so many bytes as far as the hub says.
    public var onPlan: @Sendable (_ files: Int, _ bytes: Int) -> Void
    /// So many files more are done, and so many bytes have come; fewer than none where a file is begun again.
    public var onProgress: @Sendable (_ files: Int, _ bytes: Int) -> Void
    /// A line for the user.
    public var onMessage: @Sendable (String) -> Void

    public init(
        shouldStop: @escaping @Sendable () -> Bool = { false },
        onPlan: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
        onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
        onMessage: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.shouldStop = shouldStop
        self.onPlan = onPlan
        self.onProgress = onProgress
        self.onMessage = onMessage
    }
}

/// Fetches from a Hugging Face hub what Undertone needs of a model, into a folder of its own.
public struct ModelFetch {
    public struct Outcome: Sendable, Encodable {
        public var directory: String
        public var provenance: ModelProvenance
        /// Files that came; the others were there.
        public var fetched: [String]
        public var hasPreprocessor: Bool
    }

    private let name: HubName
    private let directory: String
    private let settings: HubSettings
    private let observer: FetchObserver
    private let client: HubClient

    private var revision: String { name.revision ?? "main" }

    public init(_ name: HubName, to directory: String, settings: HubSettings, observer: FetchObserver = .init()) {
        self.name = name
        self.directory = directory
        self.settings = settings
        self.observer = observer
        client = HubClient(
            settings, repository: name.repository, revision: name.revision ?? "main", observer: observer)
    }

    /// Fetches what is not there yet, every file whole and verified or not at all; `source.json` comes last, and until then
    /// `source.json.fetching` says what has come.
    ///
    /// - Throws: `HubError`. After one of kind `interrupted`, the same call goes on where it stopped.
    public func run() throws(HubError) -> Outcome {
        if settings.isOffline { throw .offline }
        let listing = try listing()
        let (chosen, index) = try listing.chosen(repository: name.repository)
        try writing(as: HubError.self) { () throws(WriteFailure) in try makeFolder(directory) }
        let before = ModelProvenance.read(directory: directory)
        var record = FetchRecord(of: name.repository, in: directory, before)

        var files = chosen
        var fetched: [String] = []
        if let index {
            // Only the index says what else there is to fetch.
            fetched = try fetch([index], of: listing, &record)
            let data = FileManager.default.contents(atPath: path(index.rfilename)) ?? Data()
            files += try listing.shards(index: data, name: index.rfilename, repository: name.repository)
        }
        try refuseOtherWeights(than: files)
        fetched += try fetch(files, of: listing, &record)
        let provenance = try provenance(listing, files)
        do throws(CheckpointError) {
            if before != provenance { try provenance.write(directory: directory) }
        } catch {
            throw .cannotWrite(path: path(ModelProvenance.fileName), reason: error.description)
        }
        record.remove()
        return Outcome(
            directory: directory, provenance: provenance, fetched: fetched,
            hasPreprocessor: listing["preprocessor_config.json"] != nil)
    }

    private func path(_ name: String) -> String { directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)" }

    private func listing() throws(HubError) -> HubListing {
        let quoted = revision.replacing("/", with: "%2F")
        let url = try client.url("api/models/\(name.repository)/revision/\(quoted)?blobs=true")
        let data = try client.retrying(name.repository) { _ throws(TransferFailure) in
            var data = Data()
            try client.get(url, what: name.repository) { _ in
            } onBytes: { bytes throws(TransferFailure) in
                data += bytes
                // The listing of the largest repositories takes some megabytes.
                guard data.count <= 64 << 20 else {
                    throw .lasting(.listing(repository: name.repository, problem: "it does not end"))
                }
            }
            return data
        }
        return try HubListing.parse(data, repository: name.repository)
    }

    /// The first kind of weights that a folder has is the one that is opened: none may be left from elsewhere.
    private func refuseOtherWeights(than files: [HubListing.File]) throws(HubError) {
        let names = Set(files.map(\.rfilename))
        for other in Checkpoint.weightFileNames where !names.contains(other) {
            guard FileManager.default.fileExists(atPath: path(other)) else { continue }
            throw .occupied(
                path: path(other),
                reason: "is there already, and \(name.repository) has no such file at \(revision)")
        }
    }

    // MARK: - Files

    /// - Parameters:
    ///   - files: that are to be there.
    ///   - listing: that they are of.
    ///   - record: of what has come so far; gets what comes.
    /// - Returns: the names of those that were not there yet.
    private func fetch(
        _ files: [HubListing.File], of listing: HubListing, _ record: inout FetchRecord
    ) throws(HubError) -> [String] {
        var wanted: [HubListing.File] = []
        for file in files where try !isThere(file, of: listing, record) { wanted.append(file) }
        guard !wanted.isEmpty else { return [] }
        let needed = wanted.reduce(0) { sum, file in
            let kept = PartialFile.keptByteCount(for: path(file.rfilename), commit: listing.sha)
            return sum + max(0, (file.byteCount ?? 0) - kept)
        }
        if let free = freeDiskBytes(at: directory), free < needed {
            throw .noRoom(directory: directory, needed: needed, free: free)
        }
        observer.onPlan(wanted.count, needed)
        for file in wanted {
            let download = FileDownload(
                file: file, path: path(file.rfilename), repository: name.repository, commit: listing.sha,
                client: client, observer: observer)
            try download.run { digests throws(HubError) in try record.add(file.rfilename, digests, at: listing.sha) }
            observer.onProgress(1, 0)
        }
        return wanted.map(\.rfilename)
    }

    /// Whether the file is there and whole: by the listing's hash, or, where it has none, by what an earlier fetch found at this commit.
    /// - Throws: `HubError.occupied` if it is there, is another, and no earlier fetch of this repository put it there.
    private func isThere(
        _ file: HubListing.File, of listing: HubListing, _ record: FetchRecord
    ) throws(HubError) -> Bool {
        let path = path(file.rfilename)
        guard FileManager.default.fileExists(atPath: path) else { return false }
        if let digests = FileDigests(path: path) {
            let isRight =
                file.digest.map { digests.counterpart(of: $0) == $0 }
                ?? record.holds(file.rfilename, digests, at: listing.sha)
            if isRight { return true }
        }
        guard record.has(file.rfilename) else {
            let problem = file.digest == nil ? "the server has no hash to tell whether it is" : "is not"
            throw .occupied(
                path: path, reason: "is there already, and \(problem) that of \(name.repository) at \(revision)")
        }
        return false
    }

    private func provenance(_ listing: HubListing, _ files: [HubListing.File]) throws(HubError) -> ModelProvenance {
        var entries: [ModelProvenance.File] = []
        for file in files {
            guard let digests = FileDigests(path: path(file.rfilename)) else {
                throw .cannotWrite(path: path(file.rfilename), reason: "it went away while the others were fetched")
            }
            entries.append(.init(name: file.rfilename, bytes: digests.byteCount, sha256: digests.sha256))
        }
        return ModelProvenance(
            repository: name.repository, revision: revision, commit: listing.sha,
            endpoint: settings.endpoint.absoluteString, licence: listing.licence, files: entries)
    }
}
