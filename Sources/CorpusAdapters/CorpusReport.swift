import Corpus

/// What a person wants to know of a corpus that has just been read.
public struct CorpusReport: Sendable, Encodable {
    public struct SplitCount: Sendable, Encodable {
        public var split: String
        public var utterances: Int
        /// Known by name.
        public var speakers: Int
        public var withoutSpeaker: Int
        /// Of audio, by the headers; nil if they were not read.
        public var seconds: Double?
    }

    public struct SpeakerCount: Sendable, Encodable {
        public var speaker: String
        public var utterances: Int
        public var splits: [String]
    }

    public struct Label: Sendable, Encodable {
        public var summary: LabelSummary
        public var unlabelled: Int
        public var scale: LabelScale?
        public var outOfScale: Int
    }

    public struct Finding: Sendable, Encodable {
        public var kind: CorpusFinding.Kind
        public var file: String?
        public var line: Int?
        public var message: String
        /// With the place in front.
        public var text: String { "\(CorpusFinding(kind, origin, message))" }

        private var origin: Origin? { file.flatMap { file in line.map { Origin(file: file, line: $0) } } }

        init(_ finding: CorpusFinding) {
            kind = finding.kind
            file = finding.origin?.file
            line = finding.origin?.line
            message = finding.message
        }
    }

    public var adapter: String
    public var source: String
    public var manifest: String
    /// In the manifest: without the lines that have faults.
    public var utterances: Int
    public var files: Int
    /// Utterances that are a part of their file.
    public var segments: Int
    public var seconds: Double?
    public var splits: [SplitCount]
    /// Those with most utterances first.
    public var speakers: [SpeakerCount]
    public var labels: [Label]
    /// By kind, of faults and warnings.
    public var counts: [String: Int]
    public var faults: [Finding]
    public var warnings: [Finding]
    public var remarks: [String]

    init(
        adapter: String, source: String, manifest: CorpusManifest, draft: CorpusDraft, origins: [Origin],
        faults: [CorpusFinding], seconds: [Double?]?, contentHashes: [String: String]
    ) {
        self.adapter = adapter
        self.source = source
        self.manifest = manifest.path
        let members = manifest.utterances
        utterances = members.count
        files = Set(members.map(\.audioPath)).count
        segments = members.count { $0.segment != nil }
        remarks = draft.remarks
        let lengths = seconds.map { Dictionary(uniqueKeysWithValues: zip(members.map(\.id), $0)) }
        func total(_ members: [Utterance]) -> Double? {
            lengths.map { lengths in members.reduce(0) { $0 + ((lengths[$1.id] ?? nil) ?? 0) } }
        }
        self.seconds = total(members)
        splits = Dictionary(grouping: members, by: \.split).sorted { $0.key < $1.key }.map { split, members in
            SplitCount(
                split: split.description, utterances: members.count, speakers: Set(members.compactMap(\.speaker)).count,
                withoutSpeaker: members.count { $0.speaker == nil }, seconds: total(members))
        }
        speakers = Dictionary(grouping: members.filter { $0.speaker != nil }) { $0.speaker! }.map { speaker, members in
            SpeakerCount(
                speaker: speaker, utterances: members.count,
                splits: Set(members.map(\.split)).sorted().map(\.description))
        }.sorted { ($1.utterances, $0.speaker) < ($0.utterances, $1.speaker) }
        var warnings = CorpusWarnings(members: members, origins: origins, known: draft.warnings)
        labels = draft.labels.map { label in
            let values = members.map { $0.label(label.name) }
            return Label(
                summary: LabelSummary(name: label.name, values: values.compactMap(\.self)),
                unlabelled: values.count { $0 == nil }, scale: label.scale,
                outOfScale: warnings.addOutOfScale(label, values))
        }
        warnings.addRepeats(sources: draft.rows, contentHashes: contentHashes)
        self.faults = faults.map(Finding.init)
        self.warnings = warnings.findings.map(Finding.init)
        counts = (faults + warnings.findings).reduce(into: [:]) { $0[$1.kind.rawValue, default: 0] += 1 }
    }
}

/// What is odd about rows that are used all the same.
struct CorpusWarnings {
    let members: [Utterance]
    let origins: [Origin]
    private(set) var findings: [CorpusFinding]

    /// - Parameter known: what the adapter found already.
    init(members: [Utterance], origins: [Origin], known: [CorpusFinding]) {
        (self.members, self.origins, findings) = (members, origins, known)
    }

    /// - Returns: how many labels lie outside the scale.
    mutating func addOutOfScale(_ label: LabelColumn, _ values: [Double?]) -> Int {
        guard let scale = label.scale else { return 0 }
        var count = 0
        for (index, value) in values.enumerated() {
            guard let value, !scale.contains(value) else { continue }
            count += 1
            findings.append(
                CorpusFinding(
                    .outOfScale, origins[index],
                    "\(label.name) of '\(members[index].id)' is \(plain(value)); expected \(plain(scale.minimum)) to "
                        + plain(scale.maximum)))
        }
        return count
    }

    /// Parts of files that are there twice, files of the same content, and speakers who are in several splits.
    ///
    /// - Parameter contentHashes: by the path of the draft's rows.
    mutating func addRepeats(sources: [DraftRow], contentHashes: [String: String]) {
        let pathOfId = Dictionary(sources.map { ($0.id, $0.span.path) }) { first, _ in first }
        var first: [AudioSpan: Int] = [:]
        var firstOfContent: [AudioSpan: Int] = [:]
        for (index, member) in members.enumerated() {
            if let earlier = first[member.span] {
                findings.append(
                    CorpusFinding(
                        .repeatedSegment, origins[index],
                        "'\(member.id)' (\(member.split)) is the same part of the same file as "
                            + "'\(members[earlier].id)' (\(members[earlier].split))"))
                continue
            }
            first[member.span] = index
            guard let hash = pathOfId[member.id].flatMap({ contentHashes[$0] }) else { continue }
            let content = AudioSpan(path: hash, segment: member.segment)
            if let earlier = firstOfContent[content] {
                findings.append(
                    CorpusFinding(
                        .repeatedContent, origins[index],
                        "'\(member.id)' (\(member.split)) has the same content as '\(members[earlier].id)' "
                            + "(\(members[earlier].split))"))
            } else {
                firstOfContent[content] = index
            }
        }
        let hygiene = SplitHygiene(
            members.map { .init(id: $0.id, split: $0.split, speaker: $0.speaker, audioSHA256: $0.id) })
        findings += hygiene.sharedSpeakers.map {
            CorpusFinding(.sharedSpeaker, nil, "speaker \($0) is in more than one split")
        }
    }
}
