import Faults
import Foundation
import Testing

@testable import Checkpoints

@Suite struct ConfigurationTests {
    private func file(_ text: String) throws -> ConfigurationFile {
        try ConfigurationFile(path: "config.json", data: Data(text.utf8))
    }

    @Test func readsEveryType() throws {
        let config = try file(#"{"i": 768, "d": 1e-05, "b": true, "s": "gelu", "l": [10, 3], "n": null, "whole": 2}"#)
        #expect(try config.int("i") == 768)
        #expect(try config.double("d") == 1e-5)
        #expect(try config.double("whole") == 2)
        #expect(try config.bool("b"))
        #expect(try config.string("s") == "gelu")
        #expect(try config.ints("l") == [10, 3])
        #expect(try config.int("none", default: 5) == 5)
        #expect(try config.int("n", default: 5) == 5)
        #expect(config.has("i") && !config.has("n") && !config.has("none"))
        #expect(config.keys == ["i", "d", "b", "s", "l", "n", "whole"])
    }

    @Test func namesKeyFoundAndExpected() throws {
        let config = try file(#"{"i": "768", "d": [1], "f": 1.5, "l": [1, "a"], "o": {}, "n": null}"#)
        func check(_ expected: String, _ read: () throws -> Void) {
            let error = #expect(throws: CheckpointError.self, performing: read)
            #expect(error.map { "\($0)" } == "config.json: \(expected)")
        }
        check("i is \"768\"; expected an integer") { _ = try config.int("i") }
        check("i is \"768\"; expected an integer") { _ = try config.int("i", default: 1) }
        check("f is 1.5; expected an integer") { _ = try config.int("f") }
        check("d is [1]; expected a finite number") { _ = try config.double("d") }
        check("o is an object; expected true or false") { _ = try config.bool("o") }
        check("none is missing; expected a string") { _ = try config.string("none") }
        check("l is [1, \"a\"]; expected a list of integers") { _ = try config.ints("l") }
        #expect("\(config.mistake("f", expected: "2"))" == "config.json: f is 1.5; expected 2")
    }

    @Test(arguments: [
        "", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]", "tru", "01", "1.", "-", "1e", "NaN", "'a'",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\u{1}\"", "{} {}", "{\"a\":1,\"a\":2}",
        String(repeating: "[", count: 100_000),
    ])
    func malformedJSONIsRefused(text: String) {
        #expect(throws: JSON.SyntaxError.self) { try JSON.parse(Array(text.utf8)) }
    }

    @Test func escapesRoundTrip() throws {
        let text = "a\"\\/\u{8}\u{C}\n\r\t\u{1}é😀"
        #expect(try JSON.parse(Array(text.jsonLiteral.utf8)) == .string(text))
        #expect(try JSON.parse(Array(#""\ud83d\ude00\u00e9\/""#.utf8)) == .string("😀é/"))
    }
}
