import Runs

/// What runs a pipeline's commands.
public enum Launcher: Sendable, Equatable {
    /// Make, on this machine.
    case local
}

extension Launcher {
    /// - Returns: nil where the manifest says none.
    init?(in top: StrictMapping) throws(ConfigurationError) {
        guard let name = try top.string("launcher") else { return nil }
        guard name == "local" else {
            let known = name == "slurm" ? "the slurm launcher is not available yet" : "no launcher '\(name)'"
            throw top.error(at: "launcher", "\(known); expected local")
        }
        self = .local
    }
}
