import Runs

/// What runs a pipeline's commands.
public enum Launcher: Sendable, Equatable {
    /// Make, on this machine.
    case local
    /// Slurm, through `undertone submit`. Make still works on the machine that it is called on.
    case slurm(SlurmSettings)
}

extension Launcher {
    /// - Returns: nil where the manifest says none.
    init?(in top: StrictMapping, train: TrainConfiguration) throws(ConfigurationError) {
        if top.isMapping("launcher"), let mapping = try top.mapping("launcher") {
            try mapping.allowOnly(["slurm"], refused: ["local": "has no settings; write launcher: local"])
            guard let settings = try mapping.mapping("slurm") else {
                throw top.error(at: "launcher", "expected local, slurm, or slurm with settings, found nothing")
            }
            self = .slurm(try SlurmSettings(settings, train: train))
            return
        }
        switch try top.string("launcher") {
        case nil: return nil
        case "local": self = .local
        case "slurm": self = .slurm(SlurmSettings())
        case let name?:
            throw top.error(at: "launcher", "no launcher '\(name)'; expected local, slurm, or slurm with settings")
        }
    }
}
