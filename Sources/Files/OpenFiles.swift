import Glibc

/// Has the system let this process keep so many files open beside those of its own, as far as it may: shells commonly begin with a limit of
/// 1024, and are free to raise it. Where that is not enough, opening says so.
public func allowOpenFiles(_ count: Int) {
    var limit = rlimit()
    guard getrlimit(.init(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    let wanted = min(rlim_t(count + ownFiles), limit.rlim_max)
    guard limit.rlim_cur < wanted else { return }
    limit.rlim_cur = wanted
    setrlimit(.init(RLIMIT_NOFILE.rawValue), &limit)
}

/// How many files this process may keep open now, and where it asks for more; nil if the system does not say.
public func openFileLimits() -> (now: Int, most: Int)? {
    var limit = rlimit()
    guard getrlimit(.init(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
}

/// Standard streams, libraries, a state, a file of metrics.
private let ownFiles = 200
