import Corpus

/// One session of two speakers for the test, one for development, the others for training: nobody is heard in two splits.
public struct SessionSplits: Sendable, Equatable {
    public var test: Int
    public var development: Int

    /// - Parameters:
    ///   - test: a session's number, from 1.
    ///   - development: likewise; nil for the session before the test's, and the last for the first.
    ///   - count: how many sessions the corpus has.
    public init(test: Int, development: Int?, of count: Int) {
        self.test = test
        self.development = development ?? (test > 1 ? test - 1 : count)
    }

    func split(_ session: Int) -> Split {
        session == test ? .test("") : session == development ? .development : .train
    }

    /// - Throws: `AdapterError.usage` if a session is not there, or is both.
    func check(sessions: [Int]) throws(AdapterError) {
        for (option, session) in [("--test-session", test), ("--development-session", development)]
        where !sessions.contains(session) {
            let listed = sessions.map(String.init).joined(separator: ", ")
            throw .usage("\(option) \(session): the corpus has the sessions \(listed)")
        }
        if test == development {
            throw .usage("--development-session \(development): is the test's; expected another session")
        }
    }
}
