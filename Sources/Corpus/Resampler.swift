import CSoxr

/// libsoxr at its high quality (20 bits), one channel, one thread; freed when the value goes.
struct Resampler: ~Copyable {
    /// What resampled, for the cache's key: another version may give other bits.
    static var description: String {
        let version = String(cString: soxr_version())
        return "libsoxr HQ " + (version.split(separator: "-").last.map(String.init) ?? version)
    }

    private let handle: OpaquePointer
    private let ratio: Double

    init(from inputRateHz: Int, to outputRateHz: Int) throws(ResamplingFailure) {
        var failure: soxr_error_t?
        var io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I)
        var quality = soxr_quality_spec(UInt(SOXR_20_BITQ), 0)
        var runtime = soxr_runtime_spec(1)
        let created = soxr_create(Double(inputRateHz), Double(outputRateHz), 1, &failure, &io, &quality, &runtime)
        guard let created, failure == nil else {
            throw ResamplingFailure(reason: failure.map { String(cString: $0) } ?? "no resampler")
        }
        handle = created
        ratio = Double(outputRateHz) / Double(inputRateHz)
    }

    deinit { soxr_delete(handle) }

    /// The whole signal at the output rate, the filter's delay already taken out. Its length is libsoxr's own:
    /// `input.count` times the ratio of the rates, rounded.
    consuming func resample(_ input: [Float]) throws(ResamplingFailure) -> [Float] {
        let expected = Int((Double(input.count) * ratio).rounded(.up)) + 16
        var failure: soxr_error_t?
        let output = [Float](unsafeUninitializedCapacity: expected) { buffer, count in
            count = 0
            var consumed = 0
            while consumed < input.count, failure == nil, count < expected {
                var taken = 0
                var given = 0
                input.withUnsafeBufferPointer { input in
                    failure = soxr_process(
                        handle, input.baseAddress! + consumed, input.count - consumed, &taken,
                        buffer.baseAddress! + count, expected - count, &given)
                }
                consumed += taken
                count += given
                if taken == 0, given == 0 { break }
            }
            while failure == nil, count < expected {
                var given = 0
                failure = soxr_process(handle, nil, 0, nil, buffer.baseAddress! + count, expected - count, &given)
                if given == 0 { break }
                count += given
            }
        }
        if let failure { throw ResamplingFailure(reason: String(cString: failure)) }
        return output
    }
}

struct ResamplingFailure: Error {
    let reason: String
}
