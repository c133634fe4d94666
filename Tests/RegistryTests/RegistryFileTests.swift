import Foundation
import Registry
import Runs
import Synchronization
import Testing

/// The file is a view: whatever becomes of it, the answer is what lies in the run directories.
@Suite struct RegistryFileTests {
    let folder: SampleFolder
    private var registry: Registry { Registry(folder: folder.path) }
    private var file: String { "\(folder.path)/runs.sqlite" }

    init() throws {
        folder = try SampleFolder()
        for seed in UInt64(0)..<5 {
            try folder.addRun("runs/seed-\(seed)", ccc: [0.1, 0.1 * Double(seed)], seed: seed)
        }
    }

    /// Everything, to compare.
    private func everything(_ registry: Registry) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return try encoder.encode(registry.runs().runs)
    }

    @Test func itIsWhatTheRunDirectoriesSay() throws {
        let first = try everything(registry)
        #expect(FileManager.default.fileExists(atPath: file))
        #expect(try everything(registry) == first, "read back")
        for name in ["runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm"] { try? folder.remove(name) }
        #expect(try everything(registry) == first, "made anew")
    }

    @Test func whatHasChangedIsReadAgain() throws {
        #expect(try registry.runs().runs.count == 5)
        try folder.addRun("runs/seed-2", ccc: [0.7], seed: 2)
        try folder.remove("runs/seed-3")
        try folder.addRun("runs/seed-9", ccc: [0.9], seed: 9)
        let runs = try registry.runs().runs
        #expect(runs.map(\.facts.seed) == [9, 2, 4, 0, 1])
        #expect(runs[1].facts.score == 0.7 && runs[1].history.count == 3, "two epochs of before and one more")
    }

    static let damages: [(String, @Sendable (Data) -> Data)] = [
        ("emptied", { _ in Data() }),
        ("something else", { _ in Data("SQLite format 3? No: a page of prose.\n".utf8) }),
        ("cut short", { $0.prefix($0.count / 2) }),
        ("overwritten", { $0.prefix(100) + Data(repeating: 0x5a, count: max(0, $0.count - 100)) }),
    ]

    @Test(arguments: damages.indices) func aDamagedFileIsMadeAnew(_ index: Int) throws {
        let sound = try everything(registry)
        try FileManager.default.contents(atPath: file).map { bytes in
            try Self.damages[index].1(bytes).write(to: URL(filePath: file))
        }
        let answer = try registry.runs()
        #expect(answer.warning == nil && answer.runs.count == 5, "\(Self.damages[index].0)")
        #expect(try everything(registry) == sound)
    }

    @Test(arguments: [0o600, 0o640]) func aFileThatWasClosedToOthersStaysClosed(mode: Int) throws {
        _ = try everything(registry)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        try handle.write(contentsOf: Data("no database".utf8))
        try handle.close()
        #expect(try registry.runs().runs.count == 5)
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect(attributes[.posixPermissions] as? Int == mode)
        #expect(try Data(contentsOf: URL(filePath: file)).starts(with: Data("SQLite format 3".utf8)), "made anew")
    }

    /// `PRAGMA user_version` stands at byte 60 of the file, most significant byte first.
    @Test func anotherVersionsTablesAreMadeAnew() throws {
        let sound = try everything(registry)
        var bytes = try Data(contentsOf: URL(filePath: file))
        #expect(bytes[63] != 99)
        bytes[63] = 99
        try bytes.write(to: URL(filePath: file))
        #expect(try everything(registry) == sound && registry.runs().warning == nil)
        #expect(try Data(contentsOf: URL(filePath: file))[63] != 99)
    }

    @Test func whereItCannotBeWrittenTheRunsAreStillTold() throws {
        let sound = try everything(registry)
        for name in ["runs.sqlite", "runs.sqlite-wal", "runs.sqlite-shm"] { try? folder.remove(name) }
        try folder.write("a folder is in its place", to: "runs.sqlite/file")
        let answer = try registry.runs()
        #expect(answer.warning?.hasPrefix("\(file): the view of the runs cannot be kept (") == true)
        #expect(try everything(registry) == sound)
        #expect(registry.refresh() == answer.warning)
    }

    @Test func foldersThatAreNoPipelinesAreLeftAlone() throws {
        try folder.remove("report.settings")
        #expect(try registry.runs().runs.count == 5 && registry.path == nil)
        #expect(try Registry(folders: ["\(folder.path)/runs/seed-1"]).runs().runs.map(\.facts.trial) == ["runs"])
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    /// Other programs may have the file open and read: they see a whole state, and are not in the way.
    @Test func severalAskAtOnce() throws {
        let threads = 6
        let answers = Answers()
        let group = DispatchGroup()
        for _ in 0..<threads {
            group.enter()
            Thread.detachNewThread { [path = folder.path] in
                for _ in 0..<5 { answers.add(try? Registry(folder: path).runs()) }
                group.leave()
            }
        }
        for epoch in 0..<5 {
            try folder.addRun("runs/seed-0", ccc: [0.2 + 0.1 * Double(epoch)], isFinished: false, outcome: nil)
        }
        group.wait()
        #expect(answers.counts == Array(repeating: 5, count: threads * 5))
        #expect(try registry.runs().runs.first { $0.facts.seed == 0 }?.history.count == 7)
    }

    @Test func networkFileSystemsAreKnown() {
        let mounts = """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            98 22 0:45 / /home rw shared:2 master:1 - nfs4 server:/home rw,vers=4.2
            99 22 0:46 /a /b rw - fuse.sshfs host:/ rw

            """
        func type(_ major: UInt64, _ minor: UInt64) -> String? {
            FileSystem.type(of: major << 8 | minor, in: mounts)
        }
        #expect(type(8, 1) == "ext4" && type(0, 45) == "nfs4" && type(0, 46) == "fuse.sshfs" && type(0, 44) == nil)
        #expect(["nfs4", "fuse.sshfs", "lustre"].allSatisfy(FileSystem.isNetworked(type:)))
        #expect(!["ext4", "overlay", "tmpfs", "xfs", "btrfs"].contains(where: FileSystem.isNetworked(type:)))
    }
}

/// How many runs each answer had.
private final class Answers: Sendable {
    private let all = Mutex<[Int]>([])

    func add(_ answer: Registry.Answer?) {
        all.withLock { $0.append(answer?.warning == nil ? answer?.runs.count ?? -1 : -2) }
    }

    var counts: [Int] { all.withLock { $0 } }
}
