import Caching
import FeatureStore
import Files
import Foundation

/// What can be said of a cache's folder before any row is read.
struct FolderCheck {
    let directory: String
    /// Sorted.
    let names: [String]
    private(set) var findings: [Finding] = []
    private(set) var shards: [CacheVerifier.OpenShard] = []
    /// Number and file of the shards that belong to the cache and cannot be used.
    private(set) var unknownShards: [Int: String] = [:]
    private(set) var shardCount = 0

    init(directory: String, names: [String]) {
        self.directory = directory
        self.names = names
    }

    private func path(_ name: String) -> String { (directory as NSString).appendingPathComponent(name) }

    /// A store's error about a file of the cache, without the path that the finding names already.
    private func words(_ error: StoreError, _ name: String) -> String {
        let text = error.description
        let prefix = path(name) + ": "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    // MARK: - cache.json

    mutating func readDescription() -> CacheDescription? {
        let name = CacheDescription.fileName
        do throws(StoreError) {
            let description = try CacheDescription.read(directory: directory)
            if description.shards.isEmpty { findings.append(Finding(.contradiction, name, "lists no shard")) }
            for (component, value) in FolderCheck.claims(description) {
                guard let keyed = description.keyComponents[component], keyed != value else { continue }
                findings.append(
                    Finding(.contradiction, name, "\(component) is \(value), but \(keyed) in the components of its key")
                )
            }
            return description
        } catch {
            if case .missing = error {
                findings.append(
                    Finding(
                        .missing, name,
                        "is not there, so the cache is not complete; run undertone-cache again with its arguments, "
                            + "without --only-shard: it takes the shards as they are and writes the rest"))
            } else {
                let advice =
                    "delete it and run undertone-cache again with its arguments: it takes the shards as they are"
                findings.append(Finding(.unreadable, name, "\(words(error, name)) (\(advice))"))
            }
            return nil
        }
    }

    /// What `cache.json` says in a field of its own and also in the components of its key.
    private static func claims(_ description: CacheDescription) -> [(component: String, value: String)] {
        [
            ("frozen_weights", description.frozenWeightsSHA256),
            ("cuts", description.cuts.map(\.name).joined(separator: ",")),
            ("storage", description.storage.rawValue), ("pool", "\(description.pool)"),
            ("compute", description.compute),
            ("sample_rate", "\(description.preprocessing.sampleRateHz)"),
            ("normalise", "\(description.preprocessing.normalise)"),
        ]
    }

    // MARK: - Shards

    mutating func openShards(present: Set<Int>, description: CacheDescription?) {
        var layout = description.map(FolderCheck.layout)
        let readers = open(present)
        if layout == nil {
            // Without cache.json the shards must at least agree with one another.
            layout = readers.sorted { $0.key < $1.key }.first { (try? $0.value.get()) != nil }
                .flatMap { try? $0.value.get().layout }
        }
        guard let layout else {
            for number in present.sorted() { take(number, readers[number], layout: nil, isListed: true) }
            return
        }
        shardCount = layout.shardCount
        for (number, shard) in (description?.shards ?? []).enumerated()
        where shard.file != ShardLayout.fileName(shard: number) {
            findings.append(
                Finding(
                    .contradiction, CacheDescription.fileName,
                    "shard \(number) is '\(shard.file)'; expected \(ShardLayout.fileName(shard: number))"))
        }
        for number in 0..<shardCount { take(number, readers[number], layout: layout, isListed: true) }
        for number in present.sorted() where number >= shardCount {
            take(number, readers[number], layout: layout, isListed: false)
        }
    }

    private func open(_ numbers: Set<Int>) -> [Int: Result<ShardReader, StoreError>] {
        var readers: [Int: Result<ShardReader, StoreError>] = [:]
        allowOpenFiles(numbers.count)
        for number in numbers {
            readers[number] = Result { () throws(StoreError) in
                try ShardReader(path: path(ShardLayout.fileName(shard: number)))
            }
        }
        return readers
    }

    private mutating func take(
        _ number: Int, _ opened: Result<ShardReader, StoreError>?, layout: ShardLayout?, isListed: Bool
    ) {
        let name = ShardLayout.fileName(shard: number)
        guard isListed else {
            let what =
                opened.flatMap { try? $0.get() }.map { "holds \($0.entries.count) utterances" } ?? "cannot be opened"
            findings.append(
                Finding(.leftover, name, "does not belong to the cache, which has \(shardCount) shards; it \(what)"))
            return
        }
        guard let opened else {
            unknownShards[number] = name
            findings.append(Finding(.missing, name, "is not there"))
            return
        }
        do throws(StoreError) {
            let reader = try opened.get()
            if let layout { try reader.require(layout, shard: number) }
            shards.append(CacheVerifier.OpenShard(number: number, file: name, reader: reader))
        } catch {
            unknownShards[number] = name
            findings.append(finding(error, name))
        }
    }

    private func finding(_ error: StoreError, _ name: String) -> Finding {
        switch error {
        case .missing(_, let detail): Finding(.inaccessible, name, "cannot be opened (\(detail))")
        case .wrongKey(_, let reasons):
            Finding(.foreign, name, "made with other settings than the cache (\(reasons.joined(separator: "; ")))")
        case .wrongPlace(_, let found, let expected): Finding(.foreign, name, "is \(found), expected \(expected)")
        case .damaged(_, let detail): Finding(.unreadable, name, "cannot be opened (\(detail))")
        case .notHDF5: Finding(.unreadable, name, "is not an HDF5 file, or its beginning is lost")
        case .duplicate(let id, _): Finding(.unreadable, name, "holds utterance '\(id)' twice")
        default: Finding(.unreadable, name, words(error, name))
        }
    }

    static func layout(_ description: CacheDescription) -> ShardLayout {
        ShardLayout(
            key: description.key, storage: description.storage, cuts: description.cuts,
            sampleRateHz: description.preprocessing.sampleRateHz, hopSamples: description.preprocessing.hopSamples,
            pool: description.pool, shardCount: max(1, description.shards.count))
    }

    // MARK: - What does not belong

    mutating func noteLeftovers() {
        for name in names {
            switch CacheFile(name: name) {
            case .segment:
                findings.append(
                    Finding(.leftover, name, "of a run that is under way or was interrupted; the next one takes it up"))
            case .temporary:
                findings.append(
                    Finding(.leftover, name, "of a process that is writing it or died; the next run removes it"))
            case .setAside:
                findings.append(
                    Finding(.leftover, name, "set aside by an earlier repair; delete it once nobody needs it"))
            case .shard, .other: break
            }
        }
    }
}
