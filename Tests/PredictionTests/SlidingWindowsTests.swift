import Prediction
import Testing

/// A window's place, in samples.
private struct Place: Equatable, CustomStringConvertible {
    var start: Int
    var end: Int
    var description: String { "\(start)..<\(end)" }
}

/// All windows over `count` samples, each its own number, that come in blocks of `block`; and how many were held at most.
private func windows(
    _ count: Int, window: Int, hop: Int, block: Int
) -> (places: [Place], largest: Int) {
    var windows = SlidingWindows(windowSamples: window, hopSamples: hop)
    var places: [Place] = [], largest = 0
    func take(_ found: SlidingWindows.Window) {
        #expect(found.samples == (found.start..<found.start + found.samples.count).map { Float($0) })
        places.append(Place(start: found.start, end: found.start + found.samples.count))
    }
    for begin in stride(from: 0, to: count, by: block) {
        windows.append((begin..<min(count, begin + block)).map { Float($0) })
        largest = max(largest, windows.kept.count)
        while let found = windows.next() { take(found) }
    }
    #expect(windows.sampleCount == count)
    if let found = windows.last() { take(found) }
    return (places, largest)
}

@Test(arguments: [1, 3, 7, 100, 1000])
func windowsCoverTheSignalAndTheLastOneEndsWithIt(block: Int) {
    let cases: [(count: Int, window: Int, hop: Int, places: [Place])] = [
        (
            100, 40, 20,
            [
                Place(start: 0, end: 40), Place(start: 20, end: 60), Place(start: 40, end: 80),
                Place(start: 60, end: 100),
            ]
        ),
        (105, 40, 40, [Place(start: 0, end: 40), Place(start: 40, end: 80), Place(start: 65, end: 105)]),
        (40, 40, 10, [Place(start: 0, end: 40)]),
        (41, 40, 10, [Place(start: 0, end: 40), Place(start: 1, end: 41)]),
        (25, 40, 10, [Place(start: 0, end: 25)]),
        (0, 40, 10, []),
    ]
    for expected in cases {
        let found = windows(expected.count, window: expected.window, hop: expected.hop, block: block)
        #expect(found.places == expected.places, "\(expected.count) samples in blocks of \(block)")
    }
}

@Test func memoryIsAWindowAndABlockHoweverLongTheSignal() {
    let found = windows(50_000, window: 400, hop: 200, block: 64)
    #expect(found.places.count == 249 && found.largest <= 400 + 200 + 64, "\(found.largest)")
}
