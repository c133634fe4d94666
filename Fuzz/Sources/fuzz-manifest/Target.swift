import Corpus
import Foundation
import Harness

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    MemoryFile.hold(UnsafeRawBufferPointer(start: bytes, count: count))
    let opened = accepted { () throws(ManifestError) in try CorpusManifest.load(MemoryFile.path) }
    guard let manifest = opened else { return 0 }
    precondition(!manifest.utterances.isEmpty)
    precondition(Set(manifest.utterances.map(\.id)).count == manifest.utterances.count)
    let folder = URL(filePath: MemoryFile.path).deletingLastPathComponent().path(percentEncoded: false)
    for utterance in manifest.utterances {
        let path = utterance.audioPath
        precondition(path.hasPrefix(folder) && path != folder, "'\(utterance.path)' leaves the folder as '\(path)'")
        precondition(!path.dropFirst(folder.count).split(separator: "/").contains(".."), path)
        precondition(utterance.cells.count == manifest.columns.count)
        guard let segment = utterance.segment else { continue }
        precondition(segment.startSeconds >= 0 && segment.startSeconds < segment.endSeconds ?? .infinity)
    }
    let labels = manifest.labelColumns
    precondition(accepted { () throws(ManifestError) in try manifest.validateLabels(labels) } != nil)
    return 0
}
