import Foundation
import Prediction
import Testing

/// Folders that are links were passed over, and what a Mac leaves beside a recording was taken for one.
@Test func linkedFoldersAreGoneIntoAndHiddenFilesAreNot() throws {
    let root = NSTemporaryDirectory() + "undertone-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for folder in ["calls/may", "calls/.cache", "elsewhere/june"] {
        try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
    }
    for name in [
        "calls/b.WAV", "calls/a.flac", "calls/x", "calls/notes.txt", "calls/._b.wav", "calls/may/c.wav",
        "calls/.cache/d.wav", "elsewhere/june/e.wav", "elsewhere/f.ogg",
    ] { try Data("no sound".utf8).write(to: URL(filePath: "\(root)/\(name)")) }
    for (link, target) in [
        ("calls/linked", "../elsewhere"), ("calls/g.wav", "../elsewhere/f.ogg"), ("calls/gone.wav", "nowhere"),
        // One leads back at once, one over the other folder.
        ("calls/may/again", ".."), ("elsewhere/june/back", "../../calls"), ("link", "calls"),
    ] { try FileManager.default.createSymbolicLink(atPath: "\(root)/\(link)", withDestinationPath: target) }

    let names = ["a.flac", "b.WAV", "g.wav", "gone.wav", "linked/f.ogg", "linked/june/e.wav", "may/c.wav"]
    for folder in ["calls", "calls/", "link"] {
        let found = try RecordingList(["\(root)/\(folder)"]).items.map(\.id)
        let place = folder == "link" ? folder : "calls"
        #expect(found == names.map { "\(root)/\(place)/\($0)" }, "\(folder)")
    }
}
