import Caching
import Corpus
import Synchronization
import Testing

@Suite struct NoteTallyTests {
    /// What a whole corpus has in common is said of the first few, and counted.
    @Test func theFirstOfEachKindAreNamed() {
        let tally = NoteTally(manifestPath: "m.csv", linesPerKind: 3)
        let utterances = corpus(10).utterances
        var lines: [String] = []
        for utterance in utterances {
            if let line = tally.line(.clipped(share: 0.25), of: utterance) { lines.append(line) }
        }
        for utterance in utterances[..<3] {
            if let line = tally.line(.truncated(seconds: 1, promisedSeconds: 2), of: utterance) { lines.append(line) }
        }
        #expect(
            lines[0]
                == "warning: /audio/u0.wav: clipped, 25.0 % of its samples stand in flat tops; used as it is (m.csv:2)")
        #expect(
            lines[5]
                == "warning: /audio/u2.wav: holds 1.00 s of the 2.00 s its header promises; what is there is used "
                + "(m.csv:4)")
        #expect(lines.count == 6)
        #expect(tally.counts == [.clipped: 10, .truncated: 3])
        #expect(tally.closingLines == ["warning: clipped: 10 recordings in all, the first 3 of them named above"])
    }

    /// Of what is computed and of nothing else; in whatever order that ends.
    @Test func stageOneHandsOnWhatIsNoted() throws {
        let folder = try TemporaryFolder()
        let manifest = corpus(6)
        let recordings = FakeRecordings(manifest)
        for number in [4, 1] {
            recordings.change("/audio/u\(number).wav") { $0.notes = [.silent(decibels: -90), .lengthOpen(seconds: 1)] }
        }
        let noted = Mutex<[String]>([])
        let observer = CachingObserver(onNote: { utterance, note in
            noted.withLock { $0.append("\(utterance.id) \(note.kind.rawValue)") }
        })
        try cache(manifest, folder, recordings, observer: observer)
        #expect(noted.withLock { $0.sorted() } == ["u1 length_open", "u1 silent", "u4 length_open", "u4 silent"])
        try cache(manifest, folder, recordings, observer: observer)
        #expect(noted.withLock { $0.count } == 4, "nothing was computed again")
    }
}

@Test func withheldPathsAreInNoLine() {
    let utterance = Utterance(
        id: "u1", path: "jane.wav", audioPath: "/x/jane.wav", split: .train, speaker: nil, cells: [:], line: 2)
    let line = NoteTally(manifestPath: "m.csv", withholdsPaths: true).line(.clipped(share: 0.5), of: utterance)
    #expect(line?.hasPrefix("warning: utterance 'u1': clipped, ") == true && line?.hasSuffix(" (m.csv:2)") == true)
}
