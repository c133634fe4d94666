import Buffers
import Kernels
import Testing

/// An utterance's scores may not depend on what it is batched with, nor a stored row on the number of threads: every row of a product
/// has the same bits however many are computed beside it.
@Suite struct RowInvarianceTests {
    /// Quick to make, without a pattern that a product could hide in.
    private func values(_ count: Int, _ seed: Int) -> [Float] {
        (0..<count).map { Float(($0 &* 7919 &+ seed &* 104_729) % 2003 - 1001) / 1001 }
    }

    /// Outputs and inputs: heads and attentive pooling, WavLM's gates, layers.
    @Test(
        arguments: [(1, 128), (1, 256), (3, 256), (3, 768), (8, 64), (256, 768), (128, 1024), (40, 40)], [true, false])
    func linearMaps(_ shape: (outputs: Int, inputs: Int), hasBias: Bool) {
        let engine = CPUEngine(threads: 2), rows = 300
        let x = engine.makeMatrix(values(rows * shape.inputs, 1), rows: rows, columns: shape.inputs)
        let weight = engine.makeMatrix(
            values(shape.outputs * shape.inputs, 2), rows: shape.outputs, columns: shape.inputs)
        let bias = hasBias ? engine.makeRow(values(shape.outputs, 3)) : nil
        func product(_ count: Int) -> [Float] {
            let out = engine.makeMatrix(rows: count, columns: shape.outputs, precision: .float32)
            engine.linearForward(
                out: out, x: x.rows(0..<count), weight: .plain(weight), bias: bias, activation: .identity)
            return engine.download(out)
        }
        let whole = product(rows)
        for count in [1, 2, 3, 7, 16, 31, 32, 33, 64, 65, 127, 200] {
            #expect(product(count) == Array(whole.prefix(count * shape.outputs)), "\(count) of \(rows) rows")
        }
    }

    /// A piece of one row was summed in another order: recordings of some lengths had other features with another number of threads.
    @Test(arguments: [(3, 129), (3, 130), (3, 257), (2, 129)])
    func convolutionsWhateverTheThreads(_ kernel: Int, _ rows: Int) {
        let channels = 512, length = (rows - 1) * 2 + kernel
        let taps = values(channels * kernel * channels, 1), samples = values(length * channels, 2)
        func convolve(_ threads: Int) -> [Float] {
            let engine = CPUEngine(threads: threads)
            let weight = engine.freeze(
                engine.makeMatrix(taps, rows: channels, columns: kernel * channels), precision: .float32)
            let out = engine.makeMatrix(rows: rows, columns: channels, precision: .float32)
            engine.stridedConvolutionForward(
                out: out, x: engine.makeMatrix(samples, rows: length, columns: channels), weight: .frozen(weight),
                bias: nil, kernel: kernel, stride: 2, activation: .gelu)
            return engine.download(out)
        }
        let alone = convolve(1)
        for threads in [2, 3, 5] { #expect(convolve(threads) == alone, "\(threads) threads") }
    }
}
