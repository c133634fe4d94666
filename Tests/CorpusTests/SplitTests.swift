import Foundation
import Testing

@testable import Corpus

@Suite struct SplitTests {
    @Test(arguments: ["train", "development", "test", "test1", "test2", "test10", "test-iemocap", "test-MSP_v1-11"])
    func textRoundTrips(text: String) throws {
        let split = try #require(Split(text))
        #expect(split.description == text)
        let coded = try JSONEncoder().encode([split])
        #expect(String(decoding: coded, as: UTF8.self) == "[\"\(text)\"]")
        #expect(try JSONDecoder().decode([Split].self, from: coded) == [split])
    }

    @Test(arguments: [
        "", "Train", "dev", "tests", "test0", "test01", "test-1", "test-", "test-a b", "test-a/b", "testa", "test١",
        "test1234567", " train",
    ])
    func anythingElseIsNone(text: String) {
        #expect(Split(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Split].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test(arguments: [
        ("dev", "development"), ("Validation", "development"), ("val", "development"), ("TRAIN", "train"),
        ("training", "train"), (" test ", "test"), ("Test3", "test3"), ("test-3", "test3"), ("eval", "test"),
        ("developement", "development"), ("trian", "train"), ("test_01", "test1"), ("zebra", nil), ("", nil),
    ])
    func suggests(text: String, expected: String?) {
        #expect(Split.suggestion(for: text) == expected)
    }

    /// As a corpus spells them, and as manifests do.
    @Test(arguments: [
        ("Validation", "development"), ("test-iemocap", "test-iemocap"), ("Test_1", "test1"), ("zebra", nil),
    ])
    func understands(text: String, expected: String?) {
        #expect(Split.spelled(text)?.description == expected)
    }

    @Test func ordersByRoleThenNumberThenName() {
        let ordered = ["train", "development", "test", "test1", "test2", "test10", "test-a", "test-b"].compactMap(
            Split.init)
        #expect(ordered.shuffled().sorted() == ordered)
    }
}

@Suite struct LabelScaleTests {
    @Test func mapsBothWays() throws {
        let scale = try #require(LabelScale(minimum: 1, maximum: 7))
        #expect(scale.normalised(1) == 0)
        #expect(scale.normalised(7) == 1)
        #expect(scale.normalised(2.5) == 0.25)
        #expect(scale.restored(0.25) == 2.5)
        #expect(scale.contains(1) && scale.contains(7) && !scale.contains(7.001) && !scale.contains(.nan))
    }

    @Test(arguments: [(1.0, 1.0), (2, 1), (.nan, 1), (0, .infinity), (-1e308, 1e308)])
    func refusesWhatIsNoScale(minimum: Double, maximum: Double) {
        #expect(LabelScale(minimum: minimum, maximum: maximum) == nil)
    }

    @Test func decodingChecksToo() throws {
        let sound = Data(#"{"minimum":1,"maximum":7}"#.utf8)
        #expect(try JSONDecoder().decode(LabelScale.self, from: sound) == LabelScale(minimum: 1, maximum: 7))
        let wrong = Data(#"{"minimum":7,"maximum":1}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(LabelScale.self, from: wrong) }
    }

    @Test func namesRowsOutsideTheScale() throws {
        let folder = try TemporaryFolder()
        let text = "id,path,split,speaker,valence\na,a.wav,train,,7\nb,b.wav,train,,\nc,c.wav,train,,7.5\n"
        let manifest = try CorpusManifest.load(folder.write("m.csv", text))
        let scale = try #require(LabelScale(minimum: 1, maximum: 7))
        let error = #expect(throws: ManifestError.self) { try manifest.validateLabels(["valence": scale]) }
        #expect(
            error.map { message($0, in: folder) }
                == "m.csv:4: valence of 'c' is 7.5; expected 1 to 7, the scale given for it")
        let unknown = #expect(throws: ManifestError.self) { try manifest.validateLabels(["valance": scale]) }
        #expect(
            unknown.map { message($0, in: folder) }
                == "m.csv:1: no label column 'valance'; the columns are valence; did you mean valence?")
    }
}
