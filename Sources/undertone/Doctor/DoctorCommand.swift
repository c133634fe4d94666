import ArgumentParser
import Faults

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this machine for what Undertone needs.",
        discussion: """
            What computes, threads, memory, room and locks where caches and runs are to be, libraries, and programs of \
            others that some commands call: a line each, ok, warning or missing, with what to do. Nothing is measured \
            and nothing installed. If something is missing that nothing works without, the exit code is 69.

            Example:
              undertone doctor /scratch/study
            """)

    @Argument(help: ArgumentHelp("Where caches and runs are to be.", valueName: "folder"))
    var folder = "build"

    @Flag(help: "Print the checks as JSON on standard output.")
    var json = false

    func run() {
        reportingFaults {
            let checkup = Checkup(folder: folder)
            print(json ? try Words.json(checkup) : checkup.text)
            guard checkup.absent.isEmpty else { throw DoctorFault.absent(checkup.absent) }
        }
    }
}

enum DoctorFault: Fault {
    /// The checks of what nothing works without.
    case absent([String])

    var kind: FaultKind { .unavailable }

    var description: String {
        switch self {
        case .absent(let names):
            return "\(names.joined(separator: ", ")): missing, and nothing works without; do what is said beside "
                + "\(names.count == 1 ? "it" : "each"), then run the same command again"
        }
    }
}
