import CSoxr

/// libsoxr at its high quality (20 bits), one channel, one thread, as a stream; freed when the value goes.
///
/// The same signal gives the same bits however it is cut into blocks, and a signal that has the rate already is handed
/// through.
package struct Resampler: ~Copyable {
    /// What resampled, for the cache's key: another version may give other bits.
    package static var description: String {
        let version = String(cString: soxr_version())
        return "libsoxr HQ " + (version.split(separator: "-").last.map(String.init) ?? version)
    }

    /// Nil for equal rates.
    private let handle: OpaquePointer?
    private var block: [Float]

    package init(from inputRateHz: Int, to outputRateHz: Int) throws(ResamplingFailure) {
        guard inputRateHz != outputRateHz else {
            handle = nil
            block = []
            return
        }
        var failure: soxr_error_t?
        var io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I)
        var quality = soxr_quality_spec(UInt(SOXR_20_BITQ), 0)
        var runtime = soxr_runtime_spec(1)
        let created = soxr_create(Double(inputRateHz), Double(outputRateHz), 1, &failure, &io, &quality, &runtime)
        guard let created, failure == nil else {
            throw ResamplingFailure(reason: failure.map { String(cString: $0) } ?? "no resampler")
        }
        handle = created
        block = [Float](repeating: 0, count: 16_384)
    }

    deinit { if let handle { soxr_delete(handle) } }

    /// Takes in the signal's next samples and appends what can be given of the result already.
    package mutating func append(
        _ input: [Float], to output: inout [Float]
    ) throws(ResamplingFailure) {
        guard handle != nil else { return output.append(contentsOf: input) }
        var consumed = 0
        while consumed < input.count {
            let (taken, given) = try process(input[consumed...], &output)
            consumed += taken
            guard taken > 0 || given > 0 else { throw ResamplingFailure(reason: "it takes no more samples") }
        }
    }

    /// Appends the rest: the filter's delay is taken out, and the result's length is libsoxr's own, that of the signal
    /// times the ratio of the rates, rounded.
    package consuming func finish(_ output: inout [Float]) throws(ResamplingFailure) {
        guard handle != nil else { return }
        while try process([], &output).given > 0 {}
    }

    /// - Parameter input: empty when the signal is over.
    private mutating func process(
        _ input: ArraySlice<Float>, _ output: inout [Float]
    ) throws(ResamplingFailure) -> (taken: Int, given: Int) {
        var taken = 0
        var given = 0
        let failure = input.withUnsafeBufferPointer { input in
            let start = input.isEmpty ? nil : input.baseAddress
            return soxr_process(handle, start, input.count, &taken, &block, block.count, &given)
        }
        if let failure { throw ResamplingFailure(reason: String(cString: failure)) }
        output.append(contentsOf: block[..<given])
        return (taken, given)
    }
}

package struct ResamplingFailure: Error {
    let reason: String
}
