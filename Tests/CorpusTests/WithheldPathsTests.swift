import Corpus
import Foundation
import Testing

@Test func withheldPathsTellFilesApartAndNothingElse() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let text = """
        path,id,split,speaker,start,end,place
        b/jane.wav,u1,train,s1,0,1,Ulm
        a/john.wav,u2,test,,,,Bonn
        b/jane.wav,u3,train,s1,1,2,Ulm

        """
    try Data(text.utf8).write(to: URL(filePath: "\(folder)/manifest.csv"))
    let manifest = try CorpusManifest.load("\(folder)/manifest.csv")
    let withheld = manifest.withholdingPaths()
    #expect(
        withheld.csvText()
            == text.replacing("b/jane.wav", with: "withheld-1").replacing("a/john.wav", with: "withheld-2"))
    #expect(withheld.utterances.map(\.audioPath) == manifest.utterances.map(\.audioPath), "they can still be heard")
    #expect(withheld.withholdingPaths() == withheld)

    // It reads back as a manifest like any other.
    try withheld.write(to: "\(folder)/corpus.csv")
    let read = try CorpusManifest.load("\(folder)/corpus.csv")
    #expect(read.utterances.map(\.id) == ["u1", "u2", "u3"] && read.utterances[2].path == "withheld-1")

    let utterance = manifest.utterances[0]
    #expect(utterance.withoutPath("\(utterance.audioPath): no such file") == "utterance 'u1': no such file")
}
