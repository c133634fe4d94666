import Buffers
import Foundation
import Kernels
import Testing

private let reference = ReferenceEngine()

/// The fast engine's ways: on threads, and on a processor with or without the instructions that tiles need.
struct Way: CustomTestStringConvertible, Sendable {
    var threads: Int
    var usesTiles: Bool
    var engine: CPUEngine { CPUEngine(threads: threads, usesTiles: usesTiles) }
    var testDescription: String { "\(threads) threads\(usesTiles ? ", tiles" : "")" }

    static let all = [1, 3].flatMap { threads in [true, false].map { Way(threads: threads, usesTiles: $0) } }
}

/// The fast engines against the formulas, and the formulas' gradients against differences.
@Suite struct OperationTests {
    @Test(arguments: OperationCase.all, Way.all)
    func cpuMatchesReferenceInFloat32(_ operation: OperationCase, way: Way) {
        compare(operation, way.engine, precision: .float32, tolerance: 5e-6)
    }

    /// bfloat16 keeps 8 bits: products of rounded operands accumulate exactly alike, intermediate results (probabilities,
    /// activations) are rounded once more.
    @Test(arguments: OperationCase.all, Way.all)
    func cpuMatchesReferenceInBFloat16(_ operation: OperationCase, way: Way) {
        compare(operation, way.engine, precision: .bfloat16, tolerance: 1.2e-2)
    }

    @Test(arguments: OperationCase.all, Way.all)
    func threadsDoNotChangeABit(_ operation: OperationCase, way: Way) {
        let other = CPUEngine(threads: way.threads + 3, usesTiles: way.usesTiles)
        for precision in [Precision.float32, .bfloat16] {
            #expect(results(operation, way.engine, precision) == results(operation, other, precision))
        }
    }

    @Test(arguments: OperationCase.differentiable)
    func backwardMatchesFiniteDifferences(_ operation: OperationCase) throws {
        let values = operation.values(seed: 3)
        let inputs = operation.matrices(values, engine: reference, precision: .float32)
        let weights = direction(operation)
        let dOut = reference.makeMatrix(
            weights, rows: operation.outputRows(reference, inputs), columns: operation.outputColumns(reference, inputs))
        let backward = try #require(operation.backward)
        let gradients = backward(reference, inputs, dOut, .float32)
        let step: Float = 4e-3
        func loss(_ values: [[Float]]) -> Double {
            let inputs = operation.matrices(values, engine: reference, precision: .float32)
            let out = reference.download(operation.forward(reference, inputs, .float32))
            return zip(out, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        for (index, gradient) in gradients.enumerated() {
            let found = reference.download(gradient)
            // Large cases: a sample of elements, always the same.
            let stride = max(1, found.count / 60)
            let elements = Array(Swift.stride(from: 0, to: found.count, by: stride))
            let expected = elements.map { element -> Float in
                var up = values, down = values
                up[index][element] += step
                down[index][element] -= step
                return Float((loss(up) - loss(down)) / Double(up[index][element] - down[index][element]))
            }
            let scale = found.reduce(0) { max($0, abs($1)) }
            for (element, difference) in zip(elements, expected) {
                #expect(
                    abs(found[element] - difference) <= 2e-3 * max(scale, 1e-3),
                    "d\(operation.inputs[index].name)[\(element)]: \(found[element]), differences say \(difference)")
            }
        }
    }

    /// The comparator itself: a zeroed, permuted or NaN tensor is found.
    @Test func comparatorFindsWrongTensors() {
        let right: [Float] = [1, -2, 3, 0.5]
        #expect(deviation(right, from: right) == 0)
        #expect(deviation([0, 0, 0, 0], from: right) > 0.5)
        #expect(deviation([-2, 1, 3, 0.5], from: right) > 0.5)
        #expect(deviation([1, .nan, 3, 0.5], from: right) == .infinity)
        #expect(deviation([1, -2, 3], from: right) == .infinity)
    }
}

private func direction(_ operation: OperationCase) -> [Float] {
    var stream = RandomStream(seed: 2, operation.name)
    return (0..<operation.outputCount).map { _ in stream.normal() }
}

/// The output, then every gradient.
private func results(_ operation: OperationCase, _ engine: any Engine, _ precision: Precision) -> [[Float]] {
    let inputs = operation.matrices(operation.values(), engine: engine, precision: precision)
    let out = operation.forward(engine, inputs, precision)
    guard let backward = operation.backward else { return [engine.download(out)] }
    let dOut = engine.makeMatrix(direction(operation), rows: out.rows, columns: out.columns)
    return [engine.download(out)] + backward(engine, inputs, dOut, precision).map(engine.download)
}

private func compare(_ operation: OperationCase, _ engine: any Engine, precision: Precision, tolerance: Float) {
    let expected = results(operation, reference, precision), found = results(operation, engine, precision)
    #expect(found.count == expected.count)
    for (index, (a, b)) in zip(found, expected).enumerated() {
        let name = index == 0 ? "output" : "d\(operation.inputs[index - 1].name)"
        let worst = deviation(a, from: b)
        #expect(worst <= tolerance, "\(name) deviates by \(worst) of its largest magnitude")
    }
}

extension OperationCase {
    fileprivate func outputRows(_ engine: any Engine, _ inputs: [Matrix]) -> Int {
        forward(engine, inputs, .float32).rows
    }
    fileprivate func outputColumns(_ engine: any Engine, _ inputs: [Matrix]) -> Int {
        forward(engine, inputs, .float32).columns
    }
}

/// oneDNN plans a product for the number of OpenMP threads of whoever compiles it, and every new thread begins with all of
/// the machine's: a sum over many rows was split in two, or not, depending on which thread came first.
@Suite struct CompilingThreadTests {
    @Test(arguments: [Precision.float32, .bfloat16])
    func productsDoNotDependOnTheThreadThatCompilesThem(_ precision: Precision) async {
        @Sendable func weightGradient() -> [Float] {
            let engine = CPUEngine(threads: 1), rows = 4000, columns = 96
            var stream = RandomStream(seed: 5, "compiling thread")
            let values = (0..<rows * columns).map { _ in stream.normal() }
            let x = engine.makeMatrix(values, rows: rows, columns: columns, precision: precision)
            let dWeight = engine.zeros(columns, columns)
            engine.linearBackwardWeight(dWeight: dWeight, dBias: nil, dOut: x, x: x)
            return engine.download(dWeight)
        }
        let here = weightGradient(), again = weightGradient()
        #expect(here == again)
        for _ in 0..<4 {
            let elsewhere = await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: weightGradient()) }.start()
            }
            #expect(elsewhere == here)
        }
    }
}
