import Foundation
import Runs
import Testing

@Suite struct NormHistogramTests {
    private func histogram(_ norms: [Double]) -> NormHistogram {
        norms.dropFirst().reduce(into: NormHistogram(norms[0])) { $0.add($1) }
    }

    /// Every norm lies in the bin that is said to hold it, in whatever order they come.
    @Test(arguments: [[0.5, 1, 2, 1000, 0.001], [0.001, 1000], [1000, 0.001, 0, 7], [0], [1e-300, 1e300]])
    func binsHoldWhatIsCounted(_ norms: [Double]) {
        let found = histogram(norms)
        #expect(found.minimum == norms.min() && found.maximum == norms.max() && found.count == norms.count)
        #expect(found.sum == norms.reduce(0, +) && found.zeroCount == norms.count { $0 == 0 })
        for (index, count) in found.counts.enumerated() {
            let low = pow(10, Double(found.firstBin + index) / NormHistogram.binsPerDecade)
            let high = pow(10, Double(found.firstBin + index + 1) / NormHistogram.binsPerDecade)
            let inside = norms.count { $0 > 0 && $0 >= low * (1 - 1e-12) && $0 < high * (1 - 1e-12) }
            #expect(count == inside, "bin \(found.firstBin + index)")
        }
        #expect(found.counts.first != 0 && found.counts.last != 0)
    }

    @Test func readsBackAndGoesOn() throws {
        let whole = histogram([3, 0.25, 0, 40])
        var half = histogram([3, 0.25])
        half = try JSONDecoder().decode(NormHistogram.self, from: JSONEncoder().encode(half))
        for norm in [0.0, 40] { half.add(norm) }
        #expect(half == whole)
    }

    @Test(arguments: [
        ("first_bin", "9223372036854775807"), ("counts", "[9223372036854775807, 1]"), ("counts", "[-1]"),
        ("zeros", "-1"),
    ])
    func whatNoRunCountsIsRefused(_ key: String, _ value: String) throws {
        var fields = [
            "counts": "[1]", "first_bin": "0", "max": "1", "min": "1", "sum": "1", "sum_of_squares": "1", "zeros": "0",
        ]
        func decoded() throws -> NormHistogram {
            let text = fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ")
            return try JSONDecoder().decode(NormHistogram.self, from: Data("{\(text)}".utf8))
        }
        #expect(try decoded() == NormHistogram(1))
        fields[key] = value
        #expect(throws: DecodingError.self) { try decoded() }
    }
}
