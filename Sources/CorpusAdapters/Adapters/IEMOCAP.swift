import Corpus

/// IEMOCAP as the University of Southern California hands it out: `Session1` … `Session5`, each with
/// `dialog/EmoEvaluation/DIALOGUE.txt` and `sentences/wav/DIALOGUE/TURN.wav`.
///
/// A turn's line is `[start - end]⇥turn⇥emotion⇥[valence, activation, dominance]`, in that order. Its speaker is told by the turn's last
/// part (`F000`, `M012`): the letter in the dialogue's name says who of the two wore the markers.
public struct IEMOCAP: CorpusAdapter {
    public static let name = "iemocap"
    public static let expectedLayout =
        "IEMOCAP's folder, with Session1/dialog/EmoEvaluation/*.txt and Session1/sentences/wav/, and so on"

    public let source: String
    private let splits: SessionSplits

    public init(_ folder: String, splits: SessionSplits) {
        source = folder
        self.splits = splits
    }

    public func read() throws(AdapterError) -> CorpusDraft {
        _ = try CorpusFolder(source, expected: Self.expectedLayout)
        let sessions = CorpusFolder.names(in: source).compactMap { name -> (number: Int, path: String)? in
            guard name.lowercased().hasPrefix("session"), let number = Int(name.dropFirst(7)) else { return nil }
            return (number, "\(source)/\(name)")
        }.sorted { $0.number < $1.number }
        guard !sessions.isEmpty else {
            throw .missing(path: "\(source)/Session1", expected: Self.expectedLayout)
        }
        try splits.check(sessions: sessions.map(\.number))
        let scale = LabelScale(minimum: 1, maximum: 5)
        var draft = CorpusDraft(
            labels: ["activation", "valence", "dominance"].map { LabelColumn($0, scale: scale) },
            others: ["emotion", "gender", "dialogue"])
        for session in sessions { try read(session.path, splits.split(session.number), into: &draft) }
        return draft
    }

    private func read(_ session: String, _ split: Split, into draft: inout CorpusDraft) throws(AdapterError) {
        let folder = try CorpusFolder(session, expected: Self.expectedLayout)
        guard let evaluations = folder.first(of: ["dialog/EmoEvaluation"]) else {
            throw .missing(path: "\(session)/dialog/EmoEvaluation", expected: Self.expectedLayout)
        }
        guard let audio = folder.first(of: ["sentences/wav"]) else {
            throw .missing(path: "\(session)/sentences/wav", expected: Self.expectedLayout)
        }
        for file in CorpusFolder.names(in: evaluations) where file.lowercased().hasSuffix(".txt") {
            let dialogue = withoutExtension(file)
            let path = "\(evaluations)/\(file)"
            var turnCount = 0
            // Other lines are a heading and the single annotators' answers.
            for line in try labelLines(path, expected: Self.expectedLayout) where line.text.hasPrefix("[") {
                turnCount += 1
                var reader = RowReader(line.origin)
                let row = turn(line.text, dialogue, split, audio, &reader)
                draft.faults += reader.faults
                if let row, reader.faults.isEmpty { draft.rows.append(row) }
            }
            if turnCount == 0 {
                let message = "no turn in it; expected lines like [6.29 - 8.23]⇥\(dialogue)_F000⇥neu⇥[2.5, 2.5, 2.5]"
                draft.faults.append(CorpusFinding(.label, Origin(file: path, line: 1), message))
            }
        }
    }

    private func turn(
        _ line: String, _ dialogue: String, _ split: Split, _ audio: String, _ reader: inout RowReader
    ) -> DraftRow? {
        let fields = line.split(separator: "\t").map { $0.trimmingCharacters(in: .whitespaces) }
        guard fields.count == 4, fields[3].hasPrefix("["), fields[3].hasSuffix("]") else {
            reader.report(
                .label,
                "\(fields.count) fields with tabs between; expected [start - end], turn, emotion, "
                    + "[valence, activation, dominance]")
            return nil
        }
        let numbers = fields[3].dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        guard numbers.count == 3 else {
            reader.report(.label, "\(numbers.count) values in \(fields[3]); expected valence, activation, dominance")
            return nil
        }
        let id = fields[1]
        guard id.hasPrefix("\(dialogue)_"), let letter = id.dropFirst(dialogue.count + 1).first, "FM".contains(letter)
        else {
            reader.report(.label, "turn '\(id)'; expected one of this dialogue, such as \(dialogue)_F000")
            return nil
        }
        return DraftRow(
            id: id, span: AudioSpan(path: "\(audio)/\(dialogue)/\(id).wav"), split: split,
            // `Ses01`, of the session, and the one of its two speakers.
            speaker: "\(id.prefix(5))\(letter)",
            cells: [
                "valence": reader.label(numbers[0], "valence"),
                "activation": reader.label(numbers[1], "activation"),
                "dominance": reader.label(numbers[2], "dominance"), "emotion": fields[2],
                "gender": letter == "F" ? "Female" : "Male", "dialogue": dialogue,
            ], origin: reader.origin)
    }
}
