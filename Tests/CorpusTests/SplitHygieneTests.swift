import Corpus
import Faults
import Testing

private func member(_ id: String, _ split: String, _ speaker: String?, audio: String? = nil) throws
    -> SplitHygiene.Member
{
    .init(id: id, split: try #require(Split(split)), speaker: speaker, audioSHA256: audio ?? "hash of \(id)")
}

@Suite struct SplitHygieneTests {
    @Test func cleanSplitsHaveNothingToSay() throws {
        let found = SplitHygiene([
            try member("a", "train", "s1"), try member("b", "train", "s1"), try member("c", "test", "s2"),
        ])
        #expect(found.sharedSpeakers.isEmpty && found.sharedRecordings.isEmpty && found.repeatedRecordings.isEmpty)
        #expect(found.utterancesWithoutSpeaker == 0)
    }

    @Test func speakersInSeveralSplitsAreNamedWithTheirCounts() throws {
        let found = SplitHygiene([
            try member("a", "test2", "s2"), try member("b", "test1", "s2"), try member("c", "train", "s2"),
            try member("d", "train", "s2"), try member("e", "development", "s1"), try member("f", "train", "s1"),
            try member("g", "train", "s3"),
        ])
        #expect(
            found.sharedSpeakers.map(\.description) == [
                "s1 (train 1, development 1)", "s2 (train 2, test1 1, test2 1)",
            ])
        #expect(found.sharedSpeakers.map(\.utteranceCount) == [2, 4])
    }

    @Test func unknownSpeakersAreExemptAndCounted() throws {
        let found = SplitHygiene([
            try member("a", "train", nil), try member("b", "test", nil), try member("c", "test", "s1"),
        ])
        #expect(found.sharedSpeakers.isEmpty && found.utterancesWithoutSpeaker == 2)
    }

    @Test func sameAudioAcrossSplitsAndWithinOneAreToldApart() throws {
        let found = SplitHygiene([
            try member("t", "test", "s9", audio: "x"), try member("a", "train", "s1", audio: "x"),
            try member("b", "train", "s1", audio: "y"), try member("c", "train", "s2", audio: "y"),
            try member("d", "train", "s2"),
        ])
        #expect(found.sharedRecordings.map(\.description) == ["a (train) = t (test)"])
        #expect(found.repeatedRecordings.map(\.description) == ["b (train) = c (train)"])
    }

    @Test func unknownIsNoName() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "m.csv", "id,path,split,speaker\na,a.wav,train,Unknown\nb,b.wav,test,unknown\nc,c.wav,test,Unknowns\n")
        #expect(try CorpusManifest.load(path).utterances.map(\.speaker) == [nil, nil, "Unknowns"])
    }

    @Test func columnsToScoreByMustBeThere() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("m.csv", "id,path,split,speaker,gender\na,a.wav,train,s1,f\n")
        let manifest = try CorpusManifest.load(path)
        try manifest.validateGroups(["speaker", "gender"])
        let error = #expect(throws: ManifestError.self) { try manifest.validateGroups(["gendre", "id"]) }
        #expect(error?.kind == .badInput)
        #expect(
            error?.description.replacing("\(folder.path)/", with: "") == """
                m.csv:1: no column 'gendre' to score by; the columns are speaker, gender; did you mean gender?
                m.csv:1: no column 'id' to score by; the columns are speaker, gender
                """)
    }
}
