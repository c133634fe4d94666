import Foundation
import Pipelines
import Runs

/// What a run's files look like from outside, so as not to read what has not changed.
enum Fingerprint {
    static func of(_ run: RunDirectory, _ verdict: BuildFolder.Verdict?) -> String {
        // The size of metrics that grow, the number of a file that is replaced, and the time of one that is neither.
        let files = [
            run.configurationPath, run.metricsPath, run.attemptPath, run.resultPath, "\(run.path).yaml",
        ].map { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return "-" }
            return "\(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }
        return (files + [verdict?.rawValue ?? "-", run.isBeingTrained ? "running" : "-"]).joined(separator: " | ")
    }
}
