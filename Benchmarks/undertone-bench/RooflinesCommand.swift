import ArgumentParser
import Buffers
import Foundation
import Kernels

/// The machine's limits, and nothing else: some seconds.
struct RooflinesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rooflines", abstract: "Measure how fast the machine multiplies and moves.")

    @Option(help: "Threads.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Print JSON.")
    var json = false

    struct Outcome: Encodable {
        /// In operations per second, by precision.
        var products: [String: Double]
        var memory: MemoryBandwidth.Rates
        var threads: Int
        var lastLevelCacheBytes: Int?
        var processor: String
        var multipliesBFloat16: Bool

        enum CodingKeys: String, CodingKey {
            case products, memory, threads, processor
            case lastLevelCacheBytes = "last_level_cache_bytes"
            case multipliesBFloat16 = "multiplies_bfloat16"
        }
    }

    func run() throws {
        var products: [String: Double] = [:]
        for precision in [Precision.float32, .bfloat16] {
            products[precision.rawValue] = Roofline.measure(precision, threads: threads)
        }
        let outcome = Outcome(
            products: products, memory: MemoryBandwidth.measure(threads: threads), threads: threads,
            lastLevelCacheBytes: MemoryBandwidth.lastLevelCacheBytes, processor: CPUEngine.processorName,
            multipliesBFloat16: CPUEngine.multipliesBFloat16Natively)
        if json { return print(try jsonLine(outcome)) }
        for (precision, rate) in products.sorted(by: { $0.key > $1.key }) {
            print("products, \(precision): \(Int((rate / 1e9).rounded())) GFLOP/s with \(threads) threads")
        }
        let (copy, read) = (outcome.memory.copyBytesPerSecond, outcome.memory.readBytesPerSecond)
        print(String(format: "memory: copying moves %.1f GB/s, reading %.1f GB/s", copy / 1e9, read / 1e9))
    }
}
