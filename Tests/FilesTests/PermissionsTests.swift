import Files
import Foundation
import Testing

@Suite struct PermissionsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func whatWasClosedToOthersStaysSo() throws {
        let path = folder.file("a")
        for (mode, expected) in [(0o600, 0o600), (0o640, 0o640), (0o444, 0o444), (0o777, 0o644)] {
            try AtomicFile.write("first", to: path)
            #expect(chmod(path, mode_t(mode)) == 0)
            try AtomicFile.write("second", to: path)
            #expect(try permissions(path) & 0o777 == expected & ~umaskNow())
            #expect(folder.text("a") == "second")
        }
    }

    @Test func aLibrarysFileIsClosedLikeTheOneItReplaces() throws {
        let (old, new) = (folder.file("old"), folder.file("new"))
        for path in [old, new] { try AtomicFile.write("x", to: path) }
        #expect(chmod(new, 0o666) == 0 && chmod(old, 0o640) == 0)
        TemporaryName.restrictMode(of: new, for: old)
        #expect(try permissions(new) == 0o640)
        TemporaryName.restrictMode(of: new, for: folder.file("none"))
        #expect(try permissions(new) == 0o640)
    }

    private func permissions(_ path: String) throws -> Int {
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        return try #require(mode)
    }

    /// Told without changing it, for other tests run beside this one.
    private func umaskNow() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Umask:") }
        return line.flatMap { Int($0.dropFirst("Umask:".count).trimmingCharacters(in: .whitespaces), radix: 8) }
            ?? 0o022
    }
}

@Test func freeSpaceIsThatOfTheFolderToCome() throws {
    let folder = try TemporaryFolder()
    let here = try #require(freeDiskBytes(at: folder.path))
    let there = try #require(freeDiskBytes(at: folder.file("not/yet/there")))
    #expect(here > 0 && abs(here - there) < here / 2)
    for path in ["", ".", "x", "x/y", "/", "/x"] { #expect(freeDiskBytes(at: path) != nil, "'\(path)'") }
}
