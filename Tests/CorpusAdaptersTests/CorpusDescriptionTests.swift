import CorpusAdapters
import Foundation
import Testing

@Suite struct CorpusDescriptionTests {
    /// Of a database in audformat, what its header says, and nothing else.
    @Test(
        arguments: [
            (
                "name: emodb\nsource: http://emodb.bilderbar.info\nlicense: CC0-1.0\nusage: unrestricted\n", "emodb",
                "Its header says: source: http://emodb.bilderbar.info; license: CC0-1.0; usage: unrestricted."
            ),
            (
                "name: emodb\nsource: |\n  a recording\n  studio\nlicense: null\n", "emodb",
                "Its header says: source: a recording studio."
            ),
            ("name: emodb\n", "emodb", nil),
            ("source: somewhere\n", nil, nil),
        ] as [(String, String?, String?)])
    func aDatabaseIsCalledWhatItsHeaderSays(header: String, name: String?, description: String?) throws {
        let tree = try CorpusTree()
        try tree.write("db.yaml", header + "tables: {}\n")
        let about = try Audformat(tree.path, options: TableOptions()).about()
        #expect(about?.name == name && about?.description == description)
        #expect(about?.synthetic == nil, "nobody says")
    }

    @Test func ofATableNobodyKnowsWhatItIs() throws {
        #expect(try TableCorpus("labels.csv", options: TableOptions()).about() == nil)
    }

    @Test func itIsWrittenBesideTheManifestWhereThereIsNone() throws {
        let tree = try CorpusTree()
        let about = try #require(MSPPodcast(tree.path).about())
        let manifest = "\(tree.path)/manifest.csv", path = "\(tree.path)/corpus.json"
        #expect(try about.write(besideManifest: manifest) == .new(path: path))
        #expect(try about.write(besideManifest: manifest) == .there(path: path, name: "MSP-Podcast"))
        let bytes = try Data(contentsOf: URL(filePath: "\(tree.path)/corpus.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        #expect(object["name"] as? String == "MSP-Podcast" && object["synthetic"] as? Bool == false)
        #expect((object["description"] as? String)?.contains("may not be passed on") == true)

        try tree.write("corpus.json", "mine")
        #expect(try about.write(besideManifest: manifest) == .there(path: path, name: nil))
        #expect(try String(contentsOfFile: "\(tree.path)/corpus.json", encoding: .utf8) == "mine")
    }
}
