import Corpus
import Foundation

/// MSP-Improv as the University of Texas at Dallas hands it out: `Evaluation.txt` (or `Evalution.txt`) and
/// `Audio/session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav`, and so on.
///
/// An utterance's line is `UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.6; V:3.2; D:3.2 ; N:4.0;`; the lines below it are the annotators'.
/// The parts of the name: sentence and intended emotion, speaker (with the session's number), scenario, interlocutor and turn.
public struct MSPImprov: CorpusAdapter {
    public static let name = "msp-improv"
    public static let expectedLayout =
        "MSP-Improv's folder, with Evaluation.txt and Audio/session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.wav, and so on"

    public let source: String
    private let splits: SessionSplits
    private let keepsActivation: Bool

    /// - Parameters:
    ///   - folder: with `Evaluation.txt` and `Audio`.
    ///   - splits: which of the six sessions are test and development.
    ///   - keepsActivation: the corpus rates activation from 1, very active, to 5, very passive. Unless it is to be kept so, `6 − A` is
    ///     written, so that more is more active, as in the other corpora.
    public init(_ folder: String, splits: SessionSplits, keepsActivation: Bool = false) {
        source = folder
        self.splits = splits
        self.keepsActivation = keepsActivation
    }

    private static let prefix = "UTD-IMPROV-"
    private static let fields = [("A", "activation"), ("V", "valence"), ("D", "dominance"), ("N", "naturalness")]
    private static let example = "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.6; V:3.2; D:3.2 ; N:4.0;"

    public func read() throws(AdapterError) -> CorpusDraft {
        let folder = try CorpusFolder(source, expected: Self.expectedLayout)
        guard let evaluation = folder.first(of: ["Evaluation.txt", "Evalution.txt"]) else {
            throw .missing(path: "\(source)/Evaluation.txt", expected: Self.expectedLayout)
        }
        let audio = CorpusFolder.files(below: folder.first(of: ["Audio"]) ?? source, withExtension: "wav")
        let scale = LabelScale(minimum: 1, maximum: 5)
        var draft = CorpusDraft(
            labels: Self.fields.map { LabelColumn($0.1, scale: scale) }, others: ["emotion", "gender", "scenario"])
        draft.remarks.append(
            keepsActivation
                ? "activation is the corpus's A, from 1 (very active) to 5 (very passive)"
                : "activation is 6 − A: the corpus rates from 1 (very active) to 5 (very passive)")
        var sessions: Set<Int> = []
        for line in try labelLines(evaluation, expected: Self.expectedLayout) where line.text.hasPrefix(Self.prefix) {
            var reader = RowReader(line.origin)
            let row = utterance(line.text, audio, &sessions, &reader)
            draft.faults += reader.faults
            if let row, reader.faults.isEmpty { draft.rows.append(row) }
        }
        if !sessions.isEmpty { try splits.check(sessions: sessions.sorted()) }
        return draft
    }

    private func utterance(
        _ line: String, _ audio: [String: String], _ sessions: inout Set<Int>, _ reader: inout RowReader
    ) -> DraftRow? {
        let fields = line.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard fields.count == 6, zip(fields[2...], Self.fields).allSatisfy({ $0.hasPrefix("\($1.0):") }) else {
            reader.report(.label, "cannot be read as a record; expected one like \(Self.example)")
            return nil
        }
        let id = "MSP-IMPROV-" + withoutExtension(fields[0]).dropFirst(Self.prefix.count)
        let parts = id.split(separator: "-").map(String.init)
        guard parts.count == 6, let letter = parts[3].first, "FM".contains(letter),
            let session = Int(parts[3].dropFirst())
        else {
            reader.report(.label, "name '\(fields[0])'; expected one like UTD-IMPROV-S01A-F01-P-FM01.avi")
            return nil
        }
        sessions.insert(session)
        var cells = ["emotion": fields[1], "gender": letter == "F" ? "Female" : "Male", "scenario": parts[4]]
        for (field, (mark, name)) in zip(fields[2...], Self.fields) {
            let text = field.dropFirst(mark.count + 1).trimmingCharacters(in: .whitespaces)
            cells[name] = reader.label(text, mark)
        }
        if !keepsActivation, let value = finiteNumber(cells["activation"] ?? "") {
            cells["activation"] = plain(((6 - value) * 1e6).rounded() / 1e6)
        }
        // Where it is not there, it is told where it should be.
        let usual = "\(source)/Audio/session\(session)/\(parts[2])/\(parts[4])/\(id).wav"
        return DraftRow(
            id: id, span: AudioSpan(path: audio[id] ?? usual), split: splits.split(session), speaker: parts[3],
            cells: cells, origin: reader.origin)
    }
}
