import CNumerics

/// Has large blocks that are freed go back to the system, for programs that promise to stay below a limit.
public func returnFreedMemory() { ut_return_freed_memory() }
