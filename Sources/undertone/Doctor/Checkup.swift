import Buffers
import Console
import Corpus
import Faults
import FeatureStore
import Files
import Foundation
import Kernels

/// What Undertone needs of a machine and makes of it, looked at in a moment.
struct Checkup: Encodable {
    struct Check: Encodable {
        enum Status: String, Encodable { case ok, warning, missing }

        var name: String
        var status = Status.ok
        /// What there is.
        var found: String
        /// What to do; nil where all is well.
        var advice: String?
        /// Whether nothing works without it.
        var isNeeded = false

        enum CodingKeys: String, CodingKey {
            case name, status, found, advice
            case isNeeded = "needed"
        }

        fileprivate mutating func warn(_ advice: String) { (status, self.advice) = (.warning, advice) }
    }

    let checks: [Check]

    /// - Parameter folder: where caches and runs are to be; it need not be there yet.
    init(folder: String) {
        let own = [
            Checkup.processor, Checkup.threads, Checkup.memory, Checkup.disk(folder), Checkup.place(folder),
            Checkup.openFiles, Checkup.libraries, Checkup.programs,
        ]
        checks = own + Checkup.tools.map { Checkup.tool($0, $1) }
    }

    /// The names of those that are missing and needed.
    var absent: [String] { checks.filter { $0.status == .missing && $0.isNeeded }.map(\.name) }

    var text: String {
        var table = TextTable([.left, .left, .left])
        for check in checks {
            table.add(check.status.rawValue, check.name, check.found + (check.advice.map { "; \($0)" } ?? ""))
        }
        return table.lines.joined(separator: "\n")
    }

    // MARK: - The machine

    private static var processor: Check {
        let isNative = CPUEngine.multipliesBFloat16Natively
        let precision = isNative ? Precision.bfloat16 : .float32
        let why = isNative ? "" : ", since bfloat16 is not multiplied natively (AVX-512 BF16, AMX)"
        return Check(
            name: "processor",
            found: "\(CPUEngine.processorName): computes in \(precision) (\(CPUEngine.arithmetic(precision)))\(why)")
    }

    private static var threads: Check {
        let cores = ProcessInfo.processInfo.activeProcessorCount, count = machineThreadCount
        var check = Check(name: "threads", found: "\(count) of \(Words.counted(cores, "core"))")
        guard let said = ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] else { return check }
        check.found += ", with OMP_NUM_THREADS=\(printable(said))"
        if count > cores {
            check.warn("threads that take turns are slower: give \(cores) at most, or unset it")
        } else if Int(said) != count {
            check.warn("that is no number of threads, so there is one for each core: give a number, or unset it")
        }
        return check
    }

    private static var memory: Check {
        let all = Int(ProcessInfo.processInfo.physicalMemory)
        // Of a container, "max" where it has none of its own.
        let limit = contents(of: "/sys/fs/cgroup/memory.max").first.flatMap { Int($0) } ?? all
        let line = contents(of: "/proc/meminfo").first { $0.hasPrefix("MemAvailable:") }
        let available = line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 1024 } ?? all
        let free = min(available, limit)
        var check = Check(name: "memory", found: "\(Words.bytes(free)) free of \(Words.bytes(min(all, limit)))")
        if free < 3_000_000_000 {
            check.warn("training a base model in batches of 32 takes 2 GB and more: --set memory=1GB keeps it below")
        }
        return check
    }

    private static var openFiles: Check {
        guard let (now, most) = openFileLimits() else {
            return Check(name: "open files", found: "the system does not say how many there may be")
        }
        let more = most == .max ? "any number" : "\(most)"
        var check = Check(name: "open files", found: "\(now), and \(more) if need be")
        if most < 1024 {
            check.warn("training keeps every shard open: have the hard limit raised (ulimit -Hn), or make few shards")
        }
        return check
    }

    // MARK: - The folder

    private static func disk(_ folder: String) -> Check {
        guard let free = freeDiskBytes(at: folder) else {
            return Check(name: "disk", found: "the file system does not say what is free for \(printable(folder))")
        }
        var check = Check(name: "disk", found: "\(Words.bytes(free)) free for \(printable(folder))")
        if free < 1_000_000_000 {
            check.warn("a cache takes some 0.3 GB for each hour of speech: undertone-cache --dry-run tells, make room")
        }
        return check
    }

    private static func place(_ folder: String) -> Check {
        var place = folder
        while !FileManager.default.fileExists(atPath: place), place != "/", place != "." {
            place = PathParts(place).folder
        }
        var check = Check(name: "folder", found: "\(printable(place)) can be written", isNeeded: true)
        // Tried: of root the system says that it may, on a file system that is read-only, too.
        let target = "\(place)/.undertone-doctor-\(getpid())"
        let descriptor = open(target, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            check.found = "\(printable(place)) cannot be written (\(lastSystemError()))"
            (check.status, check.advice) = (.missing, "name a folder that can be, or have its permissions changed")
            return check
        }
        close(descriptor)
        defer { for file in [target, target + ".lock"] { unlink(file) } }
        if locksHold(for: target) {
            check.found += ", and locks hold there"
        } else {
            check.found += ", but files cannot be locked there"
            check.warn("see to it that no two processes make the same shard or run at once")
        }
        return check
    }

    /// Whether others see a lock that is taken there.
    private static func locksHold(for target: String) -> Bool {
        guard let lock = FileLock.acquire(for: target, onWait: {}, shouldStop: { true }) else { return true }
        let isHeld = FileLock.isHeld(for: target)
        _ = consume lock
        return isHeld
    }

    // MARK: - Software

    private static var libraries: Check {
        let versions = [
            CPUEngine.libraryVersion, CPUEngine.smallProductLibrary, "HDF5 \(ShardLayout.libraryVersion)",
            "libsndfile \(AudioFile.decoderVersion)", AudioFile.resamplerDescription,
        ]
        var check = Check(name: "libraries", found: versions.joined(separator: ", "))
        if !AudioFile.decodesMP3 {
            check.warn("libsndfile reads MP3 from 1.1.0 on: install a newer one, or convert such recordings")
        }
        return check
    }

    private static var programs: Check {
        let names = ["undertone-cache", "undertone-train"]
        let absent = names.filter { access("\(programFolder)/\($0)", X_OK) != 0 }
        guard absent.isEmpty else {
            return Check(
                name: "programs", status: .missing,
                found: "\(absent.joined(separator: " and ")) not in \(printable(programFolder))",
                advice: "make build, or give their folder as UNDERTONE_BIN", isNeeded: true)
        }
        return Check(
            name: "programs", found: "\(names.joined(separator: " and ")) in \(printable(programFolder))",
            isNeeded: true)
    }

    /// Programs of others, and what calls them.
    private static let tools = [
        ("make", "make's targets and undertone sweep"), ("sbatch", "undertone submit, on a cluster with Slurm"),
        ("python3", "reading caches and exports from Python"), ("espeak-ng", "make demo, which has it speak"),
    ]

    private static func tool(_ name: String, _ use: String) -> Check {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let candidates: [String] = folders.map { "\($0)/\(name)" }
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
            return Check(
                name: name, status: .missing, found: "not on the PATH",
                advice: "install it for \(use); nothing else asks")
        }
        return Check(name: name, found: printable(path))
    }

    /// Lines of a file of the system's; none if it is not there.
    private static func contents(of path: String) -> [Substring] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
    }
}
