import FrozenModels
import SpeechEncoder
import Synchronization
import Testing

/// Wherever the stop comes, within a layer's attention too, no unfinished rows are handed out; without one, the rows are those of always.
@Test func anUtteranceThatIsStoppedGivesNothing() throws {
    let model = try FrozenModel("random:wav2vec2-tiny", cuts: [.layer(2)], compute: .float32)
    let waveform = (0..<150_000).map { Float($0 % 211) / 97 - 1 }
    let whole = try model.encoder(precision: .float32, threads: 1).hiddenStates(of: waveform)
    for threads in [1, 2] {
        var limit = 0
        while true {
            let asked = Mutex(0)
            let encoder = model.encoder(
                precision: .float32, threads: threads,
                shouldStop: { [limit] in
                    asked.withLock {
                        $0 += 1
                        return $0 > limit
                    }
                })
            guard let states = try? encoder.hiddenStates(of: waveform) else {
                limit += 1
                continue
            }
            // Four pieces, three steps and two layers' four heads each were a chance.
            #expect(states == whole && limit > 12)
            break
        }
    }
}
