import Foundation

/// How many threads a program may keep busy: `OMP_NUM_THREADS`, by which runs side by side and jobs on a cluster are given their share of
/// a machine, or one per core.
public var machineThreadCount: Int {
    let said = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap { Int($0) } ?? 0
    return said > 0 ? said : ProcessInfo.processInfo.activeProcessorCount
}
