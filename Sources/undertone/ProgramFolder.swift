import Foundation

/// Where this program and its siblings are: `UNDERTONE_BIN`, or else the folder that it was started from.
var programFolder: String {
    if let folder = ProcessInfo.processInfo.environment["UNDERTONE_BIN"] { return folder }
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(filePath: own).deletingLastPathComponent().path
}
