import Corpus
import Crypto
import Files
import Foundation
import Synchronization

/// What `--check-audio` finds: the length of every utterance by its file's header, and files of the same content.
struct AudioCheck {
    /// By the row's place; nil where the header does not say.
    private(set) var seconds: [Double?]
    /// By the row's place, where the recording cannot be used.
    private(set) var errors: [Int: AudioError] = [:]
    /// SHA-256 of the contents, by path; only of files that another one has the size of.
    private(set) var contentHashes: [String: String] = [:]

    /// - Parameter onProgress: so many rows more are looked at; from several threads.
    init(_ rows: [DraftRow], onProgress: @Sendable (Int) -> Void) {
        let results = Mutex([Result<Double?, AudioError>](repeating: .success(nil), count: rows.count))
        // On several threads: on a network file system each header costs a round trip.
        DispatchQueue.concurrentPerform(iterations: rows.count) { index in
            let span = rows[index].span
            let result = Result { () throws(AudioError) in
                try AudioFile.probe(span.path, segment: span.segment).durationSeconds
            }
            results.withLock { $0[index] = result }
            onProgress(1)
        }
        seconds = []
        for (index, result) in results.withLock({ $0 }).enumerated() {
            switch result {
            case .success(let value): seconds.append(value)
            case .failure(let error):
                seconds.append(nil)
                errors[index] = error
            }
        }
        contentHashes = AudioCheck.hashes(Set(rows.map(\.span.path)))
    }

    /// Files of different sizes are different: only those that share one are read.
    private static func hashes(_ paths: Set<String>) -> [String: String] {
        let sizes = Dictionary(grouping: paths) { path in
            (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? -1
        }
        var hashes: [String: String] = [:]
        for (size, paths) in sizes where size >= 0 && paths.count > 1 {
            for path in paths { hashes[path] = hash(path) }
        }
        return hashes
    }

    /// nil if the file cannot be read to its end.
    private static func hash(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var hash = SHA256()
        do {
            while let block = try file.read(upToCount: 1 << 20), !block.isEmpty { hash.update(data: block) }
        } catch {
            return nil
        }
        return hash.finalize().hexadecimal
    }
}
