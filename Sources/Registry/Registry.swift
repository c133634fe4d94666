import Files
import Foundation
internal import GRDB
import Pipelines
import Runs

/// The runs of a folder as tables that can be asked: `runs.sqlite` in a pipeline's build folder.
///
/// It is a view, and the run directories are what is true: before every answer, what has changed in them is read again, whoever
/// changed it. So nothing that trains ever waits for it, and where it was deleted, damaged, or made by another version, it is made
/// anew. Where it cannot be written, the answer comes from tables in memory, with a warning.
///
/// Several processes may ask at once: each brings it up to date under a lock and in one transaction, and finds done what another
/// did. Readers of other programs are not in the way, nor it in theirs (write-ahead log; a rollback journal on network file systems,
/// where the log's shared memory does not work).
public struct Registry: Sendable {
    public struct Answer: Sendable {
        public var runs: [RegisteredRun]
        /// Those that were asked for; nil: none were.
        public var columns: [RunColumn]?
        /// Why the file could not be kept, and the run directories were all read.
        public var warning: String?
    }

    /// Folders, with what their runs' names begin with.
    private let folders: [(folder: BuildFolder, prefix: String)]
    /// Nil: in memory.
    public let path: String?

    /// The runs of one pipeline, kept in its build folder.
    public init(folder: String) {
        let folder = BuildFolder(folder)
        folders = [(folder, "")]
        path = folder.isPipelines ? "\(folder.path)/runs.sqlite" : nil
    }

    /// The runs in several folders, of any kind, in memory.
    public init(folders: [String]) {
        self.folders = folders.map(BuildFolder.init).map { ($0, $0.path) }
        path = nil
    }

    /// - Parameters:
    ///   - query: which runs, in which order.
    ///   - columns: names of columns, to be looked up.
    /// - Throws: `RegistryError.query` for a name that no run has.
    public func runs(_ query: RunQuery = RunQuery(), columns: [String]? = nil) throws(RegistryError) -> Answer {
        var warning: String?
        let (runs, found) = try withTables(&warning) { database in
            let names = try ColumnNames(database)
            let columns = try columns?.map { try names.column($0) }
            return (try query.facts(database).map(database.run), columns)
        }
        return Answer(runs: runs, columns: found, warning: warning)
    }

    /// Brings the file up to date, for programs that read it themselves.
    /// - Returns: why it could not be.
    public func refresh() -> String? {
        var warning: String?
        do {
            try withTables(&warning) { _ in }
        } catch {
            return "\(error)"
        }
        return warning
    }

    // MARK: The file

    private func withTables<Result>(
        _ warning: inout String?, _ ask: (Database) throws -> Result
    ) throws(RegistryError) -> Result {
        do {
            if let path {
                do {
                    return try onDisk(path, ask)
                } catch let error as RegistryError {
                    throw error
                } catch {
                    let reason = (error as? DatabaseError)?.message ?? "\(error)"
                    warning = "\(path): the view of the runs cannot be kept (\(reason))"
                }
            }
            return try self.ask(DatabaseQueue(), ask)
        } catch let error as RegistryError {
            throw error
        } catch {
            throw .database("\(error)")
        }
    }

    private func onDisk<Result>(_ path: String, _ ask: (Database) throws -> Result) throws -> Result {
        // One that does not get on is no reason to wait for ever.
        let deadline = ContinuousClock.now + .seconds(60)
        guard let lock = FileLock.acquire(for: path, onWait: {}, shouldStop: { ContinuousClock.now > deadline })
        else { throw DatabaseError(resultCode: .SQLITE_BUSY, message: "another process has held it for a minute") }
        let result = Swift.Result {
            do {
                return try self.ask(open(path), ask)
            } catch let error as DatabaseError where error.isOfDamage {
                // Under the lock, no other process of ours has it open.
                let mode = 0o644 & TemporaryName.modeMask(for: path)
                for name in [path, "\(path)-wal", "\(path)-shm", "\(path)-journal"] {
                    try? FileManager.default.removeItem(atPath: name)
                }
                // SQLite takes an empty file for a new database, and gives its companions the mode of the first: who has closed it
                // to others finds it closed.
                let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
                if descriptor >= 0 { close(descriptor) }
                return try self.ask(open(path), ask)
            }
        }
        _ = consume lock
        return try result.get()
    }

    private func ask<Result>(_ queue: DatabaseQueue, _ ask: (Database) throws -> Result) throws -> Result {
        try Schema.prepare(queue)
        try refresh(queue)
        return try queue.read(ask)
    }

    private func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        // Of readers of other programs, under a rollback journal.
        configuration.busyMode = .timeout(10)
        let isNetworked = FileSystem.isNetworked(PathParts(path).folder)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = \(isNetworked ? "DELETE" : "WAL")")
            // A power cut may take the last answer's, which is made again, and leaves the rest sound.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    // MARK: What has changed

    private func refresh(_ queue: DatabaseQueue) throws {
        let known = try queue.read { database in
            try Row.fetchAll(database, sql: "SELECT run, fingerprint FROM source")
                .reduce(into: [String: String]()) { $0[$1["run"]] = $1["fingerprint"] }
        }
        var gone = Set(known.keys), changed: [(run: RegisteredRun, fingerprint: String)] = []
        for (folder, prefix) in folders {
            for run in folder.runs() {
                let name = prefix.isEmpty ? String(run.path.dropFirst(folder.path.count + 1)) : run.path
                let verdict = folder.verdict(on: run)
                // Before its files: what changes while they are read is read again the next time.
                let fingerprint = Fingerprint.of(run, verdict)
                gone.remove(name)
                if known[name] == fingerprint { continue }
                changed.append((RegisteredRun(run, name: name, verdict: verdict), fingerprint))
            }
        }
        guard !changed.isEmpty || !gone.isEmpty else { return }
        try queue.write { database in
            for name in gone { try database.remove(name) }
            for (run, fingerprint) in changed { try database.replace(run, fingerprint: fingerprint) }
        }
    }
}

extension DatabaseError {
    /// The file is not what this program made of it.
    fileprivate var isOfDamage: Bool {
        switch resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_FORMAT: true
        default: false
        }
    }
}
