import Faults
import Files
import Foundation
import Testing

@Suite struct AtomicFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func nothingIsThereBeforeCommitAndAllAfter() throws {
        let path = folder.file("a")
        var file = try AtomicFile(path)
        try file.write(Array("first ".utf8).span.bytes)
        #expect(folder.names.count == 1 && !folder.names.contains("a"))
        try file.write(Array("second".utf8).span.bytes)
        try file.commit()
        #expect(folder.names == ["a"])
        #expect(folder.text("a") == "first second")
    }

    @Test func abandonedFileGoesAway() throws {
        do {
            var file = try AtomicFile(folder.file("a"))
            try file.write([1, 2, 3].span.bytes)
        }
        #expect(folder.names == [])
    }

    @Test func replacesWhatIsThere() throws {
        try AtomicFile.write("longer than the next", to: folder.file("a"))
        try AtomicFile.write("next", to: folder.file("a"))
        #expect(folder.text("a") == "next")
        #expect(folder.names == ["a"])
    }

    @Test func writersOfOneProcessDoNotMeet() throws {
        var one = try AtomicFile(folder.file("a"))
        var two = try AtomicFile(folder.file("a"))
        try one.write(Array("one".utf8).span.bytes)
        try two.write(Array("two".utf8).span.bytes)
        try two.commit()
        #expect(folder.text("a") == "two")
        try one.commit()
        #expect(folder.text("a") == "one")
        #expect(folder.names == ["a"])
    }

    @Test func modeFollowsTheMask() throws {
        try AtomicFile.write("x", to: folder.file("a"))
        let mask = umask(0)
        umask(mask)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("a"))[.posixPermissions] as? Int
        #expect(mode == 0o644 & ~Int(mask))
    }

    @Test func writesManyMegabytes() throws {
        let data = Data((0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 7919) })
        try AtomicFile.write(data, to: folder.file("a"))
        #expect(FileManager.default.contents(atPath: folder.file("a")) == data)
    }

    @Test func foldersAreMadeOnlyWhenAsked() throws {
        let path = folder.file("b/c/a")
        let error = #expect(throws: WriteFailure.self) { try AtomicFile.write("x", to: path) }
        #expect(error?.description == "\(path): cannot be written: No such file or directory")
        #expect(error?.kind == .cannotWrite)
        try AtomicFile.write("x", to: path, makingFolders: true)
        #expect(folder.text("b/c/a") == "x")
    }

    @Test func failedRenameLeavesNothing() throws {
        try FileManager.default.createDirectory(atPath: folder.file("a/b"), withIntermediateDirectories: true)
        #expect(throws: WriteFailure.self) { try AtomicFile.write("x", to: folder.file("a")) }
        #expect(folder.names == ["a"])
    }

    @Test func fullDiskIsAnError() throws {
        let error = #expect(throws: WriteFailure.self) { try LineFile.append(Data("x".utf8), to: "/dev/full") }
        #expect(error?.path == "/dev/full")
    }

    @Test func writesOnlyChanges() throws {
        let path = folder.file("a")
        #expect(try AtomicFile.writeIfChanged("x", to: path))
        let before = try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        #expect(try !AtomicFile.writeIfChanged("x", to: path))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int == before)
        #expect(try AtomicFile.writeIfChanged("y", to: path))
        #expect(folder.text("a") == "y")
    }

    @Test func leftoversOfDeadProcessesAreRemovedAndOthersKept() throws {
        let child = Process()
        child.executableURL = URL(filePath: "/bin/true")
        try child.run()
        child.waitUntilExit()
        let host = ProcessInfo.processInfo.hostName
        let dead = "a.partial-\(host)-\(child.processIdentifier)-1"
        let kept = [
            "a.partial-\(host)-1-1", "a.partial-another\(host)-\(child.processIdentifier)-1",
            "b.partial-\(host)-\(child.processIdentifier)-1",
        ]
        for name in [dead] + kept { try Data("x".utf8).write(to: URL(filePath: folder.file(name))) }
        try AtomicFile.write("x", to: folder.file("a"))
        #expect(Set(folder.names) == Set(kept + ["a"]))
    }

    @Test func publishesAFileThatSomebodyElseWrote() throws {
        let temporary = TemporaryName.make(for: folder.file("a"))
        #expect(temporary != TemporaryName.make(for: folder.file("a")))
        try Data("x".utf8).write(to: URL(filePath: temporary))
        try TemporaryName.publish(temporary, as: folder.file("a"))
        #expect(folder.names == ["a"])
        #expect(throws: WriteFailure.self) { try TemporaryName.publish(temporary, as: folder.file("b")) }
        #expect(folder.names == ["a"])
    }

    struct Mapped: WritingFault {
        let description: String
        var kind: FaultKind { .bug }
        init(_ failure: WriteFailure) { description = failure.reason }
    }

    @Test func modulesGiveTheirOwnError() throws {
        let error = #expect(throws: Mapped.self) {
            try writing(as: Mapped.self) { () throws(WriteFailure) in
                throw WriteFailure(path: "p", reason: "no room")
            }
        }
        #expect(error?.description == "no room")
    }
}

@Suite struct LineFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        (nil, "new\n"), ("", "new\n"), ("a\nb\n", "a\nb\nnew\n"), ("a\ntorn", "a\nnew\n"), ("torn", "new\n"),
    ])
    func appendsAfterTheLastWholeLine(before: String?, after: String) throws {
        let path = folder.file("lines")
        if let before { try Data(before.utf8).write(to: URL(filePath: path)) }
        try LineFile.append(Data("new".utf8), to: path)
        #expect(folder.text("lines") == after)
    }

    /// The end of the last whole line is looked for in blocks of 65536 bytes.
    @Test(arguments: [65_534, 65_535, 65_536, 65_537, 200_000])
    func cutsLongTornLines(tornByteCount: Int) throws {
        let path = folder.file("lines")
        let torn = String(repeating: "t", count: tornByteCount)
        try Data("whole\n\(torn)".utf8).write(to: URL(filePath: path))
        try LineFile.append(Data("new".utf8), to: path)
        #expect(folder.text("lines") == "whole\nnew\n")
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path = NSTemporaryDirectory() + "undertone-test-" + UUID().uuidString

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    func file(_ name: String) -> String { "\(path)/\(name)" }
    func text(_ name: String) -> String? { try? String(contentsOfFile: file(name), encoding: .utf8) }
}
