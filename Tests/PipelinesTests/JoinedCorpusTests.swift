import Corpus
import Faults
import Foundation
import Pipelines
import Testing

@Suite struct JoinedCorpusTests {
    private func joined(
        _ workshop: Workshop,
        one: String = "id,path,split,speaker,activation,gender\na,a.wav,train,s,4,f\nb,b.wav,test,,7,\n",
        two: String = "id,path,split,speaker,arousal\nc,x/c.wav,development,s,-1\nd,d.wav,train,t,\n",
        by: String = "gender"
    ) throws -> JoinedCorpus {
        try workshop.write(one, to: "one/manifest.csv")
        try workshop.write(two, to: "two/manifest.csv")
        let pipeline = try Pipeline(
            yaml: """
                name: x
                model: random:tiny
                labels: [{name: activation, scale: [0, 1]}]
                corpora:
                  one: {manifest: \(workshop.path)/one/manifest.csv, scale: [1, 7]}
                  two: {manifest: \(workshop.path)/two/manifest.csv, labels: {activation: {column: arousal, scale: [-1, 1]}}}
                test_on: [two]
                train: {scores: {by: [\(by)]}}
                """, source: "x.yaml")
        return try JoinedCorpus(pipeline, path: "\(workshop.path)/joint/manifest.csv")
    }

    @Test func labelsComeToOneScaleAndSpeakersStayApart() throws {
        let workshop = try Workshop()
        let corpus = try joined(workshop)
        try corpus.write()
        #expect(
            try workshop.text(of: "joint/manifest.csv") == """
                id,path,split,speaker,activation,gender,corpus
                a,one/a.wav,train,one/s,0.5,f,one
                b,one/b.wav,test,,1.0,,one
                c,two/x/c.wav,test-two,two/s,0.0,,two
                d,two/d.wav,test-two,two/t,,,two

                """)
        // It reads back as a manifest, and leads to the recordings.
        let manifest = try CorpusManifest.load("\(workshop.path)/joint/manifest.csv", labels: ["activation"])
        try workshop.write("sound", to: "two/x/c.wav")
        #expect(FileManager.default.contents(atPath: manifest.utterances[2].audioPath) == Data("sound".utf8))
        #expect(manifest.utterances.map(\.split) == corpus.manifest.utterances.map(\.split))
        let before = try workshop.text(of: "joint/corpus.json")
        try corpus.write()
        #expect(try workshop.text(of: "joint/corpus.json") == before && before.contains("one + two"))
    }

    /// Rows that are parts of files stay so, beside corpora whose rows are files.
    @Test func segmentsAreKept() throws {
        let workshop = try Workshop()
        let corpus = try joined(
            workshop, two: "id,path,split,speaker,arousal,start,end\nc,c.wav,test,s,1,2.5,4\nd,c.wav,test,s,0,4,\n")
        try corpus.write()
        let text = try workshop.text(of: "joint/manifest.csv")
        #expect(
            text.hasPrefix(
                "id,path,split,speaker,start,end,activation,gender,corpus\na,one/a.wav,train,one/s,,,0.5,f,one\n"))
        let segments = try CorpusManifest.load("\(workshop.path)/joint/manifest.csv").utterances.map(\.segment)
        #expect(segments == corpus.manifest.utterances.map(\.segment))
        let words: [String?] = [nil, nil, "2.5 s to 4 s", "4 s to the end"]
        #expect(segments.map { $0?.description } == words)
    }

    @Test func whatCannotBeJoinedIsNamed() throws {
        let workshop = try Workshop()
        let twice = #expect(throws: JoinError.self) {
            try joined(workshop, two: "id,path,split,speaker,arousal\na,c.wav,train,s,1\n")
        }
        #expect(twice == .sharedIdentifier("a", "one", "two"))
        let other = #expect(throws: JoinError.self) {
            try joined(workshop, one: "id,path,split,speaker,valence\na,a.wav,train,s,4\n")
        }
        #expect(
            other?.description.contains("corpus 'one' has no column for any of activation; its columns are id,") == true
        )
        // A column that the manifest names, and a label off its corpus's scale.
        let missing = #expect(throws: ManifestError.self) {
            try joined(workshop, two: "id,path,split,speaker,activation\nc,c.wav,train,s,1\n")
        }
        #expect(missing?.description.contains("no label column 'arousal'") == true)
        let outside = #expect(throws: ManifestError.self) {
            try joined(workshop, two: "id,path,split,speaker,arousal\nc,c.wav,train,s,1.5\n")
        }
        #expect(outside?.description.contains("manifest.csv:2: arousal of 'c' is 1.5; expected -1 to 1") == true)
        // What no corpus has is left to training to miss.
        #expect(try !joined(workshop, by: "gendre").manifest.columns.contains("gendre"))
    }
}
