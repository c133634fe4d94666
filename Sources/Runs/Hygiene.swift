/// What was found of a corpus's splits sharing what they should not: the finding in `result.json`.
///
/// A model that has heard a test speaker, or the very recording, in training scores better than it would on new ones.
public struct Hygiene: Sendable, Equatable, Codable {
    /// One kind of thing found in more places than one.
    public struct Finding: Sendable, Equatable, Codable {
        /// How many speakers, or recordings.
        public var count: Int
        /// How many utterances they have together.
        public var utterances: Int
        /// The first few, by name and place, e.g. `s7 (train 10, test1 4)`.
        public var examples: [String]

        public init(count: Int, utterances: Int, examples: [String]) {
            self.count = count
            self.utterances = utterances
            self.examples = examples
        }
    }

    public var speakersInSeveralSplits: Finding
    /// By the hash of the decoded audio.
    public var recordingsInSeveralSplits: Finding
    /// Within one split: no leak, but such an utterance counts twice.
    public var recordingsRepeatedInASplit: Finding
    /// Utterances that could not be looked at, for their speaker is not known.
    public var utterancesWithoutSpeaker: Int

    public init(
        speakersInSeveralSplits: Finding, recordingsInSeveralSplits: Finding, recordingsRepeatedInASplit: Finding,
        utterancesWithoutSpeaker: Int
    ) {
        self.speakersInSeveralSplits = speakersInSeveralSplits
        self.recordingsInSeveralSplits = recordingsInSeveralSplits
        self.recordingsRepeatedInASplit = recordingsRepeatedInASplit
        self.utterancesWithoutSpeaker = utterancesWithoutSpeaker
    }

    enum CodingKeys: String, CodingKey {
        case speakersInSeveralSplits = "speakers_in_several_splits"
        case recordingsInSeveralSplits = "recordings_in_several_splits"
        case recordingsRepeatedInASplit = "recordings_repeated_in_a_split"
        case utterancesWithoutSpeaker = "utterances_without_speaker"
    }

    /// What splits share, a line each; empty where nothing is.
    public var problems: [String] {
        [
            Self.line(speakersInSeveralSplits, "speaker", "in more than one split"),
            Self.line(recordingsInSeveralSplits, "recording", "in more than one split"),
        ].compactMap { $0 }
    }

    /// What is good to know and no leak, a line each.
    public var notes: [String] {
        var notes = [Self.line(recordingsRepeatedInASplit, "recording", "more than once in a split")].compactMap { $0 }
        if utterancesWithoutSpeaker > 0 {
            let have = utterancesWithoutSpeaker == 1 ? "utterance has" : "utterances have"
            notes.append("\(utterancesWithoutSpeaker) \(have) no known speaker and cannot be compared across splits")
        }
        return notes
    }

    private static func line(_ finding: Finding, _ what: String, _ place: String) -> String? {
        guard finding.count > 0 else { return nil }
        let are = finding.count == 1 ? "\(what) is" : "\(what)s are"
        let more = finding.count > finding.examples.count ? ", …" : ""
        return "\(finding.count) \(are) \(place) (\(finding.utterances) utterances): "
            + finding.examples.joined(separator: ", ") + more
    }
}
