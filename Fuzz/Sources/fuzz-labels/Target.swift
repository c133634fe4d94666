import CorpusAdapters
import Foundation
import Harness

/// A folder in which every adapter finds its label file: the first byte of the input says whose it is, the rest is the file.
private enum LabelTree {
    static let path: String = {
        let root = MemoryFile.path + "-tree"
        let files = FileManager.default
        for folder in ["Audios", "Session1/dialog/EmoEvaluation", "Session1/sentences/wav"] {
            try! files.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        for link in [
            "labels_consensus.csv", "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", "Evaluation.txt", "db.yaml",
            "db.t.csv",
        ] {
            try? files.createSymbolicLink(atPath: "\(root)/\(link)", withDestinationPath: MemoryFile.path)
        }
        return root
    }()
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafeRawPointer?, _ count: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: bytes, count: count)
    guard let choice = input.first else { return 0 }
    MemoryFile.hold(UnsafeRawBufferPointer(rebasing: input.dropFirst()))
    let path = LabelTree.path
    let sessions = SessionSplits(test: 1, development: 2, of: 2)
    switch choice {
    case UInt8(ascii: "p"): check(MSPPodcast(path))
    case UInt8(ascii: "i"): check(IEMOCAP(path, splits: sessions))
    case UInt8(ascii: "m"): check(MSPImprov(path, splits: sessions))
    case UInt8(ascii: "a"):
        check(Audformat(path, options: TableOptions(fractions: SplitFractions("train=0.5,test=0.5"))))
    default: check(TableCorpus(MemoryFile.path, options: TableOptions()))
    }
    return 0
}

/// Every fault is in words, and what is no fault makes a row whose labels are numbers.
private func check(_ adapter: some CorpusAdapter) {
    guard let draft = accepted({ () throws(AdapterError) in try adapter.read() }) else { return }
    precondition(draft.faults.allSatisfy { !$0.message.isEmpty && $0.kind.isFault })
    for row in draft.rows {
        precondition(!row.id.isEmpty && row.origin.line > 0)
        for label in draft.labels {
            let cell = row.cells[label.name] ?? ""
            precondition(cell.isEmpty || Double(cell) != nil, "\(label.name): \(cell)")
        }
    }
    let manifest = MemoryFile.path + ".csv"
    _ = accepted { () throws(AdapterError) in try AssembledCorpus(draft, of: adapter, manifestPath: manifest) }
}
