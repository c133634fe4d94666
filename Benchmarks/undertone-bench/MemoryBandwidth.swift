import Foundation

/// How fast the machine's memory is with all threads: what operations that multiply nothing are held against.
///
/// Arrays are many times the last-level cache, each thread has its own part of them, and the best of several passes counts.
enum MemoryBandwidth {
    struct Rates: Codable {
        /// Bytes read and bytes written, both counted, per second of copying. The C library's `memcpy` writes large blocks past the
        /// caches, so that nothing is read that is not asked for.
        var copyBytesPerSecond: Double
        /// Bytes per second of adding up.
        var readBytesPerSecond: Double
        /// Of each of the two arrays.
        var arrayBytes: Int

        enum CodingKeys: String, CodingKey {
            case copyBytesPerSecond = "copy_bytes_per_second"
            case readBytesPerSecond = "read_bytes_per_second"
            case arrayBytes = "array_bytes"
        }
    }

    /// Of the last-level cache, as the processor tells; nil where it does not.
    static var lastLevelCacheBytes: Int? {
        let size = [_SC_LEVEL4_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL2_CACHE_SIZE].map { sysconf(Int32($0)) }
        return size.first { $0 > 0 }
    }

    static func measure(threads: Int, repetitions: Int = 5) -> Rates {
        // 8 times the cache, within reason: a server part may share hundreds of megabytes among all of its cores.
        let size = min(1 << 30, max(1 << 28, 8 * (lastLevelCacheBytes ?? 0))) & ~4095
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
        defer {
            source.deallocate()
            target.deallocate()
        }
        let part = size / threads & ~4095
        nonisolated(unsafe) let (from, to) = (source.baseAddress!, target.baseAddress!)
        // Writing first makes the system hand out the pages.
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            memset(from + thread * part, Int32(1 + thread % 100), part)
            memset(to + thread * part, 0, part)
        }
        var (copying, reading) = (Double.infinity, Double.infinity)
        for _ in 0..<repetitions {
            copying = min(
                copying,
                secondsTaken {
                    DispatchQueue.concurrentPerform(iterations: threads) { thread in
                        memcpy(to + thread * part, from + thread * part, part)
                    }
                })
            reading = min(
                reading,
                secondsTaken {
                    DispatchQueue.concurrentPerform(iterations: threads) { thread in
                        let sum = total(of: UnsafeRawBufferPointer(start: from + thread * part, count: part))
                        // Something must become of the sum, or nothing need be read.
                        precondition(sum != 0, "every byte was set to another value than 0")
                    }
                })
        }
        let moved = Double(part * threads)
        return Rates(
            copyBytesPerSecond: 2 * moved / copying, readBytesPerSecond: moved / reading, arrayBytes: size)
    }

    /// Eight sums side by side, so that no addition waits for another.
    private static func total(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        typealias Words = SIMD8<UInt64>
        let words = bytes.bindMemory(to: Words.self)
        var sums = (Words.zero, Words.zero, Words.zero, Words.zero)
        for index in stride(from: 0, to: words.count, by: 4) {
            sums.0 &+= words[index]
            sums.1 &+= words[index + 1]
            sums.2 &+= words[index + 2]
            sums.3 &+= words[index + 3]
        }
        return ((sums.0 &+ sums.1) &+ (sums.2 &+ sums.3)).wrappedSum()
    }
}
