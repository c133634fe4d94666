import Foundation
import Parquet
import Testing

/// Files that pyarrow wrote, against what pyarrow reads of them.
@Suite struct GoldenTests {
    struct Column: Decodable {
        var name: String
        var kind: String
        /// As Python spells them; times are counts of their unit.
        var values: [String?]
    }

    static let expected: [String: [Column]] =
        (try? JSONDecoder().decode(
            [String: [Column]].self, from: Data(contentsOf: URL(filePath: "\(Fixture.goldens)/expected.json")))) ?? [:]

    @Test func theGoldensAreThere() {
        #expect(Self.expected.count >= 19)
        #expect(Set(Self.expected.keys) == Set(Fixture.names(Fixture.goldens).filter { !$0.hasPrefix("refused") }))
    }

    @Test(arguments: expected.keys.sorted())
    func readsWhatPyarrowReads(name: String) throws {
        let file = try ParquetFile("\(Fixture.goldens)/\(name)")
        let expected = try #require(Self.expected[name])
        #expect(file.columns.map(\.name) == expected.map(\.name))
        for (column, golden) in zip(file.columns, expected) {
            // Without Arrow's schema a duration is a number, and pyarrow reads it as one too.
            let kind = golden.kind.replacing("(", with: "(Parquet.TimeUnit.")
            #expect(column.kind.map { "\($0)" } == kind, "\(column.name)")
            let values = try file.values(of: column)
            #expect(values.count == file.rowCount && file.rowCount == golden.values.count, "\(column.name)")
            let differing = (0..<min(values.count, golden.values.count)).filter {
                !GoldenTests.agree(values, $0, golden.values[$0])
            }
            #expect(differing == [], "\(column.name)")
        }
    }

    /// To the bit, other than between one NaN and another.
    static func agree(_ values: ColumnValues, _ row: Int, _ golden: String?) -> Bool {
        switch values {
        case .booleans(let values): values[row].map { $0 ? "True" : "False" } == golden
        case .integers(let values): values[row].map(String.init) == golden
        case .texts(let values): values[row] == golden
        case .floats(let values):
            // pyarrow gives these as numbers of double precision.
            same(values[row].map(Double.init), golden)
        case .doubles(let values): same(values[row], golden)
        }
    }

    private static func same(_ value: Double?, _ golden: String?) -> Bool {
        guard let value, let golden = golden.flatMap(Double.init) else { return value == nil && golden == nil }
        return value.isNaN ? golden.isNaN : value.bitPattern == golden.bitPattern
    }

    /// The comparison sees a difference in each kind, in nulls, signs and the last digit.
    @Test func theComparisonCanFail() {
        #expect(!Self.agree(.booleans([true]), 0, "False") && !Self.agree(.booleans([nil]), 0, "False"))
        #expect(!Self.agree(.integers([1]), 0, "2") && !Self.agree(.integers([0]), 0, nil))
        #expect(!Self.agree(.texts([""]), 0, nil) && !Self.agree(.texts([nil]), 0, ""))
        #expect(!Self.agree(.doubles([0]), 0, "-0.0") && !Self.agree(.doubles([.nan]), 0, "1.0"))
        #expect(!Self.agree(.doubles([1]), 0, "nan") && !Self.agree(.doubles([0.1]), 0, "0.10000000000000002"))
        #expect(!Self.agree(.floats([nil]), 0, "0.0") && !Self.agree(.floats([.nan]), 0, nil))
    }
}
