import Foundation

/// Which hub there is, who asks, and how patiently.
public struct HubSettings: Sendable {
    /// Without a slash at its end.
    public var endpoint: URL
    /// Goes to the endpoint's own host and to no other.
    public var token: String?
    /// Whether the user has forbidden to ask anybody.
    public var isOffline = false
    /// How often in a row something may fail that may pass, before it is given up.
    public var attemptCount = 5
    /// Before the second attempt; each further pause is twice as long.
    public var firstPause = Duration.seconds(1)
    /// A connection on which nothing comes for so long counts as dropped.
    public var idleSeconds = 60.0

    public init(endpoint: URL, token: String? = nil) {
        self.endpoint = endpoint
        self.token = token
    }

    /// As Hugging Face's own tools have it: `HF_ENDPOINT` (https://huggingface.co), `HF_TOKEN`, `HF_HUB_OFFLINE`.
    ///
    /// - Throws: `HubError.endpoint` where `HF_ENDPOINT` is no address.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(HubError) {
        func value(_ name: String) -> String? {
            let text = environment[name]?.trimmingCharacters(in: .whitespacesAndNewlines)
            return text?.isEmpty == false ? text : nil
        }
        let given = value("HF_ENDPOINT") ?? "https://huggingface.co"
        var text = given
        while text.hasSuffix("/") { text.removeLast() }
        guard let endpoint = URL(string: text), ["http", "https"].contains(endpoint.scheme), endpoint.host() != nil
        else { throw .endpoint(given) }
        self.init(endpoint: endpoint, token: value("HF_TOKEN"))
        isOffline = ["1", "ON", "YES", "TRUE"].contains((value("HF_HUB_OFFLINE") ?? "").uppercased())
    }
}
