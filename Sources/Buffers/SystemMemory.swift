import CNumerics
import Glibc

/// Has large blocks that are freed go back to the system, for programs that promise to stay below a limit.
public func returnFreedMemory() { ut_return_freed_memory() }

/// The most memory that this process has held so far (resident set).
public func peakMemoryBytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
}
