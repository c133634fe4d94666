/// What the programs answer to `--version` and write into caches and results.
public enum Version {
    public static let text = "0.1.0"

    /// The compiler's version, as far as it can be known at compile time.
    public static var swift: String {
        #if swift(>=6.4)
            "6.4 or later"
        #elseif swift(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// As they are recorded in caches.
    public static var programVersions: [String: String] { ["undertone": text, "swift": swift] }
}
