/// Windows of one length over a signal that comes block by block, one every so many samples.
///
/// The last one ends where the signal does and is as long as the others, so it may begin less than a hop after the one before it: a
/// short rest would be scored on too little. A signal shorter than a window is one window.
package struct SlidingWindows {
    package struct Window: Equatable {
        /// Of its first sample, counted from 0.
        package var start: Int
        package var samples: [Float]
    }

    private let windowSamples: Int
    private let hopSamples: Int
    /// Of the signal so far.
    package private(set) var sampleCount = 0
    /// The signal's end, at least as much as the next window and the last one may need.
    package private(set) var kept: [Float] = []
    private var nextStart = 0
    /// Where the last window that was given ends.
    private var coveredEnd = 0

    package init(windowSamples: Int, hopSamples: Int) {
        precondition(windowSamples > 0 && hopSamples > 0, "windows have a length and move")
        self.windowSamples = windowSamples
        self.hopSamples = hopSamples
    }

    package mutating func append(_ samples: [Float]) {
        kept += samples
        sampleCount += samples.count
    }

    /// The next window that the signal so far fills.
    package mutating func next() -> Window? {
        guard nextStart + windowSamples <= sampleCount else {
            let begin = sampleCount - kept.count, needed = max(0, min(nextStart, sampleCount - windowSamples))
            kept.removeFirst(max(0, needed - begin))
            return nil
        }
        let window = take(from: nextStart)
        nextStart += hopSamples
        return window
    }

    /// Once the signal has ended and `next` gives nothing more: the window over what none has covered, if there is any.
    package mutating func last() -> Window? {
        sampleCount > coveredEnd ? take(from: max(0, sampleCount - windowSamples)) : nil
    }

    private mutating func take(from start: Int) -> Window {
        let begin = start - (sampleCount - kept.count)
        let samples = Array(kept[begin..<min(kept.count, begin + windowSamples)])
        coveredEnd = start + samples.count
        return Window(start: start, samples: samples)
    }
}
