import Faults
import Files

/// Why a model could not be fetched.
public enum HubError: Fault, Equatable {
    case endpoint(String)
    /// `HF_HUB_OFFLINE` is set.
    case offline
    case unreachable(host: String, reason: String)
    /// The hub answers 401 for what is private and for what is not there alike.
    case unauthorised(repository: String, hub: String, hasToken: Bool)
    /// Its authors want to know who uses it.
    case gated(repository: String, hub: String, hasToken: Bool)
    case noRepository(String, hub: String)
    case noRevision(String, repository: String)
    /// Any other answer that trying again does not change.
    case answer(what: String, status: Int, message: String)
    case redirect(what: String, reason: String)
    /// What the hub says of the repository cannot be used.
    case listing(repository: String, problem: String)
    case noModel(repository: String, lookedFor: [String], found: [String])
    /// Something that may pass did not, so often; what has come is kept.
    case gaveUp(what: String, reason: String, attempts: Int)
    case size(file: String, found: Int, expected: Int)
    case digest(file: String, found: String, expected: String)
    /// Neither the listing nor the answer says what the file's hash is.
    case unverifiable(file: String)
    /// Something else lies where a file is to go.
    case occupied(path: String, reason: String)
    case busy(path: String)
    case noRoom(directory: String, needed: Int, free: Int)
    case cannotWrite(path: String, reason: String)
    case interrupted

    public var kind: FaultKind {
        switch self {
        case .endpoint: .usage
        case .offline, .unreachable, .unauthorised, .gated, .noRepository, .noRevision, .answer: .missingInput
        case .redirect, .listing, .noModel, .size, .digest, .unverifiable: .badInput
        case .occupied, .noRoom, .cannotWrite: .cannotWrite
        case .gaveUp, .busy, .interrupted: .interrupted
        }
    }

    public var description: String {
        switch self {
        case .endpoint(let text):
            return "HF_ENDPOINT is '\(printable(text))'; expected an address such as https://huggingface.co"
        case .offline:
            return "HF_HUB_OFFLINE is set, so nothing is asked of the hub; unset it to fetch"
        case .unreachable(let host, let reason):
            return
                "\(host): cannot be reached (\(printable(reason))); expected a Hugging Face hub. Check the network, set "
                + "HF_ENDPOINT to a mirror, or copy the model's folder from a machine that has it"
        case .unauthorised(let repository, let hub, let hasToken):
            return hasToken
                ? "\(repository): \(hub) does not accept the token in HF_TOKEN, or the model is neither there nor yours; "
                    + "check the name and the token"
                : "\(repository): \(hub) has no public model of that name; check the name, or set HF_TOKEN to a token "
                    + "that may read it"
        case .gated(let repository, let hub, let hasToken):
            return
                "\(repository): its authors grant access one by one; accept their terms on \(hub)/\(repository), then "
                + (hasToken ? "use a token of that account in HF_TOKEN" : "set HF_TOKEN to a token of that account")
        case .noRepository(let repository, let hub):
            return "\(repository): \(hub) has no model of that name; expected one such as facebook/wav2vec2-base"
        case .noRevision(let revision, let repository):
            return
                "\(repository): has no revision '\(printable(revision))'; expected a branch, tag or commit, or leave "
                + "--revision out for main"
        case .answer(let what, let status, let message):
            let words = message.isEmpty ? "" : ": \(printable(message))"
            return "\(what): the server answers \(status)\(words); expected the file"
        case .redirect(let what, let reason):
            return "\(what): the server sends elsewhere, \(reason)"
        case .listing(let repository, let problem):
            return "\(repository): what the server says of it cannot be used: \(problem); is HF_ENDPOINT a hub?"
        case .noModel(let repository, let lookedFor, let found):
            return "\(repository): no \(lookedFor.joined(separator: ", no ")); it holds \(abbreviated(found))"
        case .gaveUp(let what, let reason, let attempts):
            return "\(what): \(printable(reason)), \(attempts) times in a row; what has come is kept, the same command "
                + "goes on from here"
        case .size(let file, let found, let expected):
            return "\(file): \(found) bytes came, expected \(expected); nothing of it was kept"
        case .digest(let file, let found, let expected):
            return "\(file): what came has the hash \(found), expected \(expected); nothing of it was kept. It was "
                + "altered on its way, or the server is not what it says"
        case .unverifiable(let file):
            return
                "\(file): the server gives no hash to verify it by; nothing of it was kept. Expected a Hugging Face hub "
                + "or a full mirror of one"
        case .occupied(let path, let reason):
            return "\(path): \(reason); nothing was overwritten, choose another folder or take it away"
        case .busy(let path):
            return "\(path): another process is fetching it; wait for that, or end it"
        case .noRoom(let directory, let needed, let free):
            return "\(directory): the model takes \(spelledBytes(needed)) more, but its disk has \(spelledBytes(free)) "
                + "free; make room, or choose another folder"
        case .cannotWrite(let path, let reason):
            return "\(path): cannot be written: \(reason)"
        case .interrupted:
            return "interrupted; what has come is kept, the same command goes on from here"
        }
    }
}

extension HubError: WritingFault {
    package init(_ failure: WriteFailure) { self = .cannotWrite(path: failure.path, reason: failure.reason) }
}
