internal import CHDF5
import Synchronization

/// What HDF5 said when a call failed: the innermost entry of its error stack.
struct Hdf5Failure: Error {
    var detail: String
}

/// One lock for the whole library: distributions differ in whether HDF5 was built thread-safe, and a thread-safe build
/// takes one lock of its own anyway.
private let library = Mutex(leaveNothingForExit())

/// HDF5 would close what is open when the process ends, and crashes there over a file that it could not write, on a full
/// disk: the process would end by a signal and not with its exit code. Here everything is closed long before.
private func leaveNothingForExit() { _ = H5dont_atexit() }

/// Makes one HDF5 call. Every call of the module goes through here or `hdf5Close`.
///
/// - Returns: what the call returned, never negative.
/// - Throws: `Hdf5Failure` if the call returned a negative number, HDF5's sign of failure.
func hdf5<Result: SignedInteger & Sendable>(_ call: () -> Result) throws(Hdf5Failure) -> Result {
    try library.withLock { (_) throws(Hdf5Failure) -> Result in
        ut_h5_silence()
        let result = call()
        guard result < 0 else { return result }
        throw Hdf5Failure(detail: takeMessage())
    }
}

private func takeMessage() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        ut_h5_take_message(text.baseAddress!, text.count)
        let message = String(cString: text.baseAddress!)
        // A failed system call comes with the time, file descriptor and buffer address; the user needs the reason.
        if let cause = message.split(separator: "error message = '").dropFirst().first {
            return "\(message.prefix { $0 != ":" && $0 != "," }): \(cause.prefix { $0 != "'" })"
        }
        return message.isEmpty ? "HDF5 gives no reason" : message.replacing("\n", with: " ")
    }
}

/// An open HDF5 object, closed when it goes out of scope.
struct Hdf5Handle: ~Copyable, Sendable {
    enum Kind { case file, group, dataset, dataspace, datatype, attribute, propertyList }

    let id: hid_t
    private let kind: Kind

    /// Takes over what `open` returns. - Throws: `Hdf5Failure` if that is negative.
    init(_ kind: Kind, _ open: () -> hid_t) throws(Hdf5Failure) {
        id = try hdf5(open)
        self.kind = kind
    }

    deinit { _ = try? hdf5 { Hdf5Handle.close(id, kind) } }

    private static func close(_ id: hid_t, _ kind: Kind) -> herr_t {
        switch kind {
        case .file: H5Fclose(id)
        case .group: H5Gclose(id)
        case .dataset: H5Dclose(id)
        case .dataspace: H5Sclose(id)
        case .datatype: H5Tclose(id)
        case .attribute: H5Aclose(id)
        case .propertyList: H5Pclose(id)
        }
    }
}

/// How files are opened: without HDF5's locks, which some network file systems do not have, and which a child process keeps for a moment
/// after its parent has closed the file. Nothing is lost: what has a shard's name is whole and never changes, and what is being
/// written has a name of its own.
func fileAccess() throws(Hdf5Failure) -> Hdf5Handle {
    let access = try Hdf5Handle(.propertyList) { H5Pcreate(ut_h5p_file_access()) }
    _ = try hdf5 { H5Pset_file_locking(access.id, false, true) }
    return access
}
