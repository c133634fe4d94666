/// Speakers and recordings that are in more places of a corpus than one.
///
/// A speaker, or the very recording, that training has heard makes the scores of another split flatter the model. All splits
/// are compared with each other. Speakers that are not known are exempt, and counted.
public struct SplitHygiene: Sendable, Equatable {
    /// One utterance, as far as it matters here.
    public struct Member: Sendable, Equatable {
        public var id: String
        public var split: Split
        /// nil where the speaker is not known.
        public var speaker: String?
        /// Of the decoded audio.
        public var audioSHA256: String

        public init(id: String, split: Split, speaker: String?, audioSHA256: String) {
            self.id = id
            self.split = split
            self.speaker = speaker
            self.audioSHA256 = audioSHA256
        }
    }

    public struct SharedSpeaker: Sendable, Equatable, CustomStringConvertible {
        public var speaker: String
        /// Utterances in each split, in the splits' order.
        public var counts: [(split: Split, count: Int)]

        public var utteranceCount: Int { counts.reduce(0) { $0 + $1.count } }

        public var description: String {
            "\(speaker) (\(counts.map { "\($0.split) \($0.count)" }.joined(separator: ", ")))"
        }

        public static func == (a: SharedSpeaker, b: SharedSpeaker) -> Bool {
            a.speaker == b.speaker && a.counts.elementsEqual(b.counts) { $0 == $1 }
        }
    }

    /// Utterances whose audio is the same, sample by sample.
    public struct RepeatedRecording: Sendable, Equatable, CustomStringConvertible {
        /// In the splits' order.
        public var members: [Member]

        public var description: String { members.map { "\($0.id) (\($0.split))" }.joined(separator: " = ") }
    }

    /// In alphabetical order.
    public let sharedSpeakers: [SharedSpeaker]
    /// In the order of their first utterances, here and below.
    public let sharedRecordings: [RepeatedRecording]
    /// All in one split: no leak, but such an utterance counts twice.
    public let repeatedRecordings: [RepeatedRecording]
    public let utterancesWithoutSpeaker: Int

    public init(_ members: [Member]) {
        // Swift's sort is stable in practice but not by contract: the given order breaks ties.
        let ordered = members.enumerated().sorted { ($0.element.split, $0.offset) < ($1.element.split, $1.offset) }
            .map(\.element)
        var splitsOfSpeaker: [String: [Split: Int]] = [:]
        var membersOfRecording: [String: [Member]] = [:]
        for member in ordered {
            if let speaker = member.speaker { splitsOfSpeaker[speaker, default: [:]][member.split, default: 0] += 1 }
            membersOfRecording[member.audioSHA256, default: []].append(member)
        }
        utterancesWithoutSpeaker = members.count { $0.speaker == nil }
        sharedSpeakers = splitsOfSpeaker.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map {
            speaker, splits in
            SharedSpeaker(speaker: speaker, counts: splits.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
        var shared: [RepeatedRecording] = [], repeated: [RepeatedRecording] = []
        for member in ordered {
            guard let same = membersOfRecording.removeValue(forKey: member.audioSHA256), same.count > 1 else {
                continue
            }
            let recording = RepeatedRecording(members: same)
            if Set(same.map(\.split)).count > 1 { shared.append(recording) } else { repeated.append(recording) }
        }
        sharedRecordings = shared
        repeatedRecordings = repeated
    }
}
