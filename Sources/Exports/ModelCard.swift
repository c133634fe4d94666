import Checkpoints
import Foundation
import Prediction
import Runs

/// `README.md` of an export: what the model is, what it learnt from, how well it does and with what certainty, and what it is not for.
struct ModelCard {
    private let export: Export
    private let files: [String]
    private let dimensions: [String]

    init(_ export: Export, files: [String], dimensions: [String]) {
        self.export = export
        self.files = files
        self.dimensions = dimensions
    }

    private var model: FinetunedModel { export.model }
    private var result: RunResult { model.result }

    private var base: String { model.checkpointName }
    private var commit: String { model.hubName?.revision.map { " (commit `\($0)`)" } ?? "" }

    var text: String {
        """
        ---
        pipeline_tag: audio-classification
        tags: [speech, emotion, \(dimensions.joined(separator: ", "))]
        ---

        # \(dimensions.map(\.capitalizedFirst).joined(separator: ", ")) from speech

        A \(model.encoder.family) encoder, finetuned from `\(base)`\(commit) with [Undertone](#made-with) to predict \
        \(Self.list(dimensions)) of an utterance. Trained: \(result.trained); \(result.trainableParameters) of \
        \(result.totalParameters) parameters.

        Input: mono speech at \(model.record.features.preprocessing.sampleRateHz) Hz. Output: \(Self.list(dimensions)), in that order, in the \
        labels' own scale\(scales).

        ## Files

        \(files.map { "- `\(URL(filePath: $0).lastPathComponent)`" }.joined(separator: "\n"))

        \(ModelCardUse(export, dimensions: dimensions).text)

        ## Data

        \(data)

        | split | utterances |
        |---|---|
        \(sortedSplits(model.record.utterances.keys).map { "| \($0) | \(model.record.utterances[$0] ?? 0) |" }
            .joined(separator: "\n"))

        ## Scores

        Of the run's own evaluation\(evaluation). Intervals are \(result.intervalMethod ?? "not computed").

        | split | dimension | CCC | 95 % interval | RMSE | n |
        |---|---|---|---|---|---|
        \(scoreRows.joined(separator: "\n"))

        ## Limits

        - The scores estimate how listeners of the corpus rated speech. They are not what a speaker feels, and not a fact about a person.
        - They hold for speech as in the corpus: its language, its speakers, its microphones. Scores on other speech are not known until
          they are measured there.
        - Valence is the hardest of the usual dimensions to hear from sound alone, and differences between groups of speakers are
          common: look at `scores.csv` of the run.
        - Not for decisions about people: employment, education, credit, policing, migration or health.
        - An utterance is scored as a whole; long recordings are scored in windows of some seconds.

        ## Licence

        These weights derive from `\(base)` and from the corpus: the licences of both apply to them, and this export grants none of its own.
        \(licence) and at the corpus's terms before passing the weights on; corpora for research often forbid commercial use
        of what is trained on them.

        ## Made with

        Undertone \(export.version), seed \(result.seed), \(result.epochs) epochs, kept: epoch \(result.bestEpoch) by \
        \(result.bestMetric.name); trained layers in \(result.compute), frozen ones in \(model.record.features.compute), rows stored as \
        \(model.record.features.storage.rawValue). Cache key `\(result.cacheKey)`, corpus `\(result.corpusSHA256)`.

        """
    }

    /// What the checkpoint's folder says, where it still lies.
    private var licence: String {
        let folder = (try? HubCache.folder(of: model.checkpoint)) ?? model.checkpoint
        return Checkpoint.licence(ofFolder: folder).map {
            "The checkpoint's licence is `\($0)`, as its own page has it: look at that"
        } ?? "Look at the checkpoint's licence"
    }

    private var scales: String {
        let known = model.configuration.labels.compactMap { label in
            label.scale.map { "\(label.name) \($0.lowerBound) to \($0.upperBound)" }
        }
        return known.isEmpty ? "" : " (\(known.joined(separator: ", ")))"
    }

    private var data: String {
        guard let corpus = result.corpus else { return "The corpus has no description (`corpus.json`)." }
        var parts = [corpus.name.map { "**\($0)**." }, corpus.description].compactMap { $0 }
        if corpus.synthetic {
            parts.append("**Synthetic speech: the scores below say nothing about people.**")
        }
        return parts.joined(separator: " ")
    }

    private var evaluation: String {
        let differs = model.record.features.storage.rawValue != "float32" || result.compute != "float32"
        return differs && export.format != .bundle
            ? "; this export computes in float32 throughout, which moves predictions in their last digits" : ""
    }

    private var scoreRows: [String] {
        sortedSplits(result.scores.keys).flatMap { split in
            dimensions.compactMap { dimension in
                result.scores[split]?[dimension].map { scores in
                    let interval =
                        scores.intervals[.ccc].map { "\(Self.fixed($0.low)) to \(Self.fixed($0.high))" } ?? "–"
                    return
                        "| \(split) | \(dimension) | \(Self.fixed(scores.ccc)) | \(interval) | \(Self.fixed(scores.rmse)) | "
                        + "\(scores.count) |"
                }
            }
        }
    }

    private static func fixed(_ value: Double) -> String { value.isFinite ? String(format: "%.3f", value) : "–" }

    private static func list(_ names: [String]) -> String {
        names.count < 2
            ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
