import Foundation
import Synchronization

/// Shows on standard error how far the work is. Safe to call from any thread.
public final class ProgressReporter: Sendable {
    /// The choices of `--progress`.
    public enum Mode: String, CaseIterable, Sendable {
        /// A bar on a terminal, plain lines elsewhere.
        case auto
        case bar, plain, json, none
    }

    /// Never `auto`.
    public let mode: Mode
    private let state: Mutex<State>
    private let clock = ContinuousClock()
    private let begin: ContinuousClock.Instant
    private let sink: @Sendable (String) -> Void
    private let width: @Sendable () -> Int

    private struct State {
        var snapshot: ProgressSnapshot
        var lastShown: Double?
        var barIsDrawn = false
        var isFinished = false
    }

    /// - Parameters:
    ///   - mode: `auto` becomes `bar` where standard error is a terminal, and else `plain`.
    ///   - label: what is being done, such as `caching`.
    ///   - total: items to do.
    ///   - totalWork: what costs time, in `unit`; 0 if nobody knows.
    ///   - unit: such as `audio s`; the rate is this per second.
    public convenience init(mode: Mode, label: String, total: Int, totalWork: Double = 0, unit: String) {
        self.init(
            mode: mode, label: label, total: total, totalWork: totalWork, unit: unit, sink: writeStandardError,
            width: terminalWidth)
    }

    init(
        mode: Mode, label: String, total: Int, totalWork: Double, unit: String,
        sink: @escaping @Sendable (String) -> Void, width: @escaping @Sendable () -> Int
    ) {
        self.mode = mode == .auto ? (isatty(STDERR_FILENO) == 1 ? .bar : .plain) : mode
        self.sink = sink
        self.width = width
        begin = clock.now
        let snapshot = ProgressSnapshot(
            label: label, done: 0, total: total, work: 0, totalWork: totalWork, unit: unit, elapsedSeconds: 0)
        state = Mutex(State(snapshot: snapshot))
    }

    /// Fast enough to look alive, slow enough to cost nothing; logs are for reading later.
    private var secondsBetweenUpdates: Double { mode == .bar ? 0.1 : 5 }

    /// Counts `done` more items, which took `work` units of what costs time.
    public func advance(done: Int = 1, work: Double = 0) {
        let now = elapsedSeconds
        state.withLock { state in
            state.snapshot.done += done
            state.snapshot.work += work
            state.snapshot.elapsedSeconds = now
            // `finish` shows the last state; in a log, the first moment tells nothing and its rate is noise.
            guard mode == .bar || state.snapshot.done < state.snapshot.total else { return }
            let shown = state.lastShown ?? (mode == .plain ? 0 : -secondsBetweenUpdates)
            if now - shown >= secondsBetweenUpdates { show(&state) }
        }
    }

    /// What is told beside the count from the next update on.
    public func note(_ text: String) {
        state.withLock { $0.snapshot.note = text }
    }

    /// Prints a line for the user to read, without disturbing the bar. Shown in every mode but `json` as it is.
    public func message(_ line: String) {
        state.withLock { state in
            switch mode {
            case .json: sink(ProgressFormat.json(message: line) + "\n")
            case .bar where state.barIsDrawn:
                sink("\r\u{1b}[K" + line + "\n")
                show(&state)
            default: sink(line + "\n")
            }
        }
    }

    /// Shows the last state and leaves the line. Calling it again does nothing.
    public func finish() {
        let now = elapsedSeconds
        state.withLock { state in
            guard !state.isFinished else { return }
            state.snapshot.elapsedSeconds = now
            show(&state)
            if state.barIsDrawn { sink("\n") }
            state.isFinished = true
            state.barIsDrawn = false
        }
    }

    public var snapshot: ProgressSnapshot { state.withLock { $0.snapshot } }

    private var elapsedSeconds: Double { begin.duration(to: clock.now) / .seconds(1) }

    private func show(_ state: inout State) {
        guard !state.isFinished else { return }
        state.lastShown = state.snapshot.elapsedSeconds
        switch mode {
        case .bar, .auto:
            // One column stays free: some terminals wrap as soon as the last one is written.
            sink("\r" + ProgressFormat.bar(state.snapshot, width: max(1, width() - 1)) + "\u{1b}[K")
            state.barIsDrawn = true
        case .plain: sink(ProgressFormat.plain(state.snapshot) + "\n")
        case .json: sink(ProgressFormat.json(state.snapshot) + "\n")
        case .none: break
        }
    }
}

/// Columns of the terminal behind standard error; 80 if it does not say.
@Sendable private func terminalWidth() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
}
