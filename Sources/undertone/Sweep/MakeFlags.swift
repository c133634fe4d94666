/// What a make above this program was asked for, as its MAKEFLAGS says it.
struct MakeFlags {
    /// Of `-j`; nil where it was not given.
    var jobs: Int?
    /// `-n`, `-q` or `-t`: nothing is to be made.
    var onlySays = false
    /// For a make below, without what is of the one above alone: its jobs and the pipe that they are counted by.
    var inherited = ""

    /// - Parameter text: `kn -j2 --jobserver-auth=3,4 -- PIPELINE=x.yaml`.
    init(_ text: String?, coreCount: Int) {
        guard let text else { return }
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        let flags = words.prefix { $0 != "--" }
        // Letters without a hyphen come first, if there are any.
        if let first = flags.first, text.first != " ", !first.hasPrefix("-") {
            onlySays = first.contains { "nqt".contains($0) }
        }
        for word in flags where word.hasPrefix("-j") {
            jobs = word == "-j" ? coreCount : Int(word.dropFirst(2)).map { max(1, $0) }
        }
        let kept = flags.filter { !$0.hasPrefix("-j") && !$0.hasPrefix("--jobserver") && !$0.hasPrefix("-l") }
        let begins = text.first == " " ? " " : ""
        inherited = begins + (kept + words.dropFirst(flags.count)).joined(separator: " ")
    }
}
