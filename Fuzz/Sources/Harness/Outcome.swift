import Faults

/// What a reader makes of `body`: its value, or nil where it refused the input as it should, with an error that says
/// the input is wrong and in words.
///
/// Any other error is a finding: a bug (70) or a failure to write (73) has no business in a reader.
public func accepted<Value: ~Copyable, Failure: Fault>(_ body: () throws(Failure) -> Value) -> Value? {
    do {
        return try body()
    } catch {
        precondition([.usage, .badInput, .missingInput].contains(error.kind), "\(error.kind): \(error)")
        precondition(!error.description.isEmpty)
        return nil
    }
}
