import Faults
import Files
import Foundation
import Testing

@Suite struct CommaSeparatedTests {
    private func cells(_ text: String) -> [[String]] { CommaSeparated.parse(Array(text.utf8)).rows.map(\.cells) }

    @Test(arguments: [
        ("a,b\n", [["a", "b"]]), ("a,b", [["a", "b"]]), ("a,\n", [["a", ""]]), ("a,", [["a", ""]]),
        ("\n\r\na\r\nb\r\n", [["a"], ["b"]]), ("\"a,\"\"b\"\"\nc\"\n", [["a,\"b\"\nc"]]), ("\"\"\n", [[""]]),
        ("\u{FEFF}a\n", [["a"]]), ("", []),
    ])
    func reads(text: String, expected: [[String]]) { #expect(cells(text) == expected) }

    @Test func rowsKnowTheLineThatTheyBeginOn() {
        let (rows, mistakes) = CommaSeparated.parse(Array("a\n\"b\nc\"\n\nd\n".utf8))
        #expect(rows.map(\.line) == [1, 2, 5])
        #expect(mistakes == [])
    }

    @Test(arguments: [
        ("a\nb\"c\nd\n", 2, "quote inside"), ("a\n\"b\"c\nd\n", 2, "after a closing quote"),
        ("a\n\"b\nd\n", 2, "never closes"),
    ])
    func mistakesNameTheirLineAndReadingGoesOn(text: String, line: Int, message: String) {
        let (rows, mistakes) = CommaSeparated.parse(Array(text.utf8))
        #expect(mistakes.map(\.line) == [line])
        #expect(mistakes.first?.message.contains(message) == true)
        #expect(rows.map(\.cells) == [["a"], ["d"]])
    }

    @Test(arguments: [["a", "b"], [""], ["", ""], ["a,b", "\"", "\r", "x\ny", "z\r\n"], ["ü", " spaced "]])
    func writtenRowsReadBack(row: [String]) { #expect(cells(CommaSeparated.row(row)) == [row]) }

    @Test func quotesOnlyWhereItMust() {
        #expect(CommaSeparated.row(["a b", "c,d", "e\"f"]) == "a b,\"c,d\",\"e\"\"f\"\n")
    }
}

@Test(arguments: [
    ("Epochs", "epochs"), ("epoch", "epochs"), ("eopchs", "epochs"), ("optimizer", "optimiser"),
    ("label", "labels"), ("optim", "optimiser"), ("zzz", nil), ("", nil),
])
func nearestNames(name: String, expected: String?) {
    #expect(nearestName(to: name, among: ["labels", "epochs", "optimiser"]) == expected)
}

@Test(arguments: [
    ("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("abcd", "badc", 2), ("same", "same", 0),
])
func editDistances(a: String, b: String, expected: Int) {
    #expect(editDistance(a, b) == expected)
    #expect(editDistance(b, a) == expected)
}

@Test func hexadecimalHasTwoDigitsPerByte() {
    #expect([0, 1, 15, 16, 171, 255].hexadecimal == "00010f10abff")
    #expect(Data().hexadecimal == "")
}

@Test(arguments: ["", "plain", "a\"b\\c", "\n\t\u{1}\u{7f}", "ünï 😀"])
func jsonLiteralsReadBack(text: String) throws {
    let literal = text.jsonLiteral
    #expect(literal.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
    #expect(try JSONDecoder().decode([String].self, from: Data("[\(literal)]".utf8)) == [text])
}

@Test(
    arguments: [
        ("{", nil, "not JSON"), ("{}", "list", "is missing"), (#"{"list":[1,"x"]}"#, "list.1", "is not an integer"),
        (#"{"list":null}"#, "list", "is null"),
    ] as [(String, String?, String)])
func jsonMistakesNameTheKey(json: String, key: String?, problem: String) throws {
    struct Shape: Decodable { var list: [Int] }
    let error = #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(Shape.self, from: Data(json.utf8))
    }
    let mistake = JSONMistake(try #require(error))
    #expect(mistake.key == key)
    #expect(mistake.problem == problem)
}

@Test func printableTextIsOneLineAndNotEndless() {
    #expect(printable("a\nb\u{1B}") == #"a\nb\u{1B}"#)
    #expect(printable(String(repeating: "x", count: 160)).count == 160)
    #expect(printable(String(repeating: "x", count: 161)) == String(repeating: "x", count: 160) + "…")
}

/// Regression: a path of one letter stopped the program inside Foundation.
@Test(arguments: [
    ("c", ".", "c"), ("ab", ".", "ab"), ("a/b", "a", "b"), ("a/b/", "a", "b"), ("/a", "/", "a"),
    ("//a//b//", "//a", "b"),
    ("./a", ".", "a"), ("/", "/", "/"), ("//", "/", "/"), ("", ".", ""),
])
func pathsHaveAFolderAndAName(path: String, folder: String, name: String) {
    #expect(PathParts(path).folder == folder && PathParts(path).name == name)
}

@Test(arguments: [("a.csv", "b"), ("/a.csv", "/b"), ("x/a.csv", "x/b"), ("/x/y//a.csv", "/x/y/b"), ("../a/", "../b")])
func filesLieBesideEachOther(path: String, sibling: String) { #expect(PathParts(path).sibling("b") == sibling) }

@Test(arguments: [
    (0, "0.0 MB"), (49_999, "0.0 MB"), (50_000, "0.1 MB"), (12_340_000, "12.3 MB"), (999_949_999, "999.9 MB"),
    (1_000_000_000, "1.00 GB"), (12_345_000_000, "12.35 GB"), (48_480_012_000_000, "48480.01 GB"),
])
func bytesAreSpelledInDecimalUnits(count: Int, text: String) { #expect(spelledBytes(count) == text) }
