import Console
import Faults
import Foundation

/// A program of Slurm's, such as `sbatch`, run to its end.
enum SlurmProgram {
    /// - Returns: what it printed.
    /// - Throws: `SubmitFault.refused` with its own words where it fails; `ChildError` where it cannot be started.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let output = try LinePipe(), errors = try LinePipe()
        let child = try ChildProcess(
            arguments, environment: ProcessInfo.processInfo.environment, output: (output.writing, errors.writing))
        var printed: [String] = [], said: [String] = []
        while true {
            let code = child.exitCode
            printed += output.lines(isEnd: code != nil)
            said += errors.lines(isEnd: code != nil)
            guard let code else {
                usleep(5000)
                continue
            }
            guard code == 0 else { throw SubmitFault.refused(arguments, code: code, said: said) }
            return printed.map { "\($0)\n" }.joined()
        }
    }
}

enum SubmitFault: Fault {
    case notSlurm(String)
    case absent([String])
    case refused([String], code: Int32, said: [String])

    var kind: FaultKind {
        switch self {
        case .notSlurm: .usage
        case .absent: .missingInput
        case .refused: .badInput
        }
    }

    var description: String {
        switch self {
        case .notSlurm(let path):
            return
                "\(path): the pipeline's launcher is not slurm; write launcher: slurm, or with settings, e.g. launcher: "
                + "{slurm: {partition: cpu, time: 4:00:00, cpus: 8, memory: 16G}}"
        case .absent(let paths):
            let list = paths.prefix(10).joined(separator: ", ") + (paths.count > 10 ? ", …" : "")
            return "\(list): not there, and no job makes it; make or get it first, so that jobs do not fail one by one"
        case .refused(let arguments, let code, let said):
            let words = said.isEmpty ? "exit code \(code)" : said.joined(separator: "; ")
            return
                "\(arguments.joined(separator: " ")): \(words); mend what it says in the pipeline's launcher, or ask the "
                + "cluster's people, then run the same command again"
        }
    }
}
