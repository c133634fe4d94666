import Buffers
import Console
import Corpus
import Estimation
import Foundation
import Pipelines
import Runs
import SpeechEncoder

/// What `undertone plan --estimate` does: looks at the pipeline, its model and its corpus, measures the machine unless it is told its
/// rates, and says what all of it comes to.
struct EstimateJob {
    var arguments: PipelineArguments
    /// Of speech, in place of what the corpora have.
    var hours: Double?
    var nodes: Int
    /// A file of rates, in place of measuring.
    var ratesPath: String?

    /// What an estimate rests on beside the rates.
    struct Basis {
        var plan: Plan
        var encoder: EncoderConfiguration
        var speech: [Speech]
        var workload: Workload
        /// Of measuring; nil where nothing was.
        var measuringSeconds: Double?
        /// Runs that are there already, whose steps were taken in place of measured ones.
        var adoptedRuns: Int
    }

    func run() throws -> (estimate: Estimate, basis: Basis) {
        let plan = try arguments.plan()
        let source = try ModelSpecification(plan.pipeline.model).open()
        let encoder = try EncoderConfiguration(source.configuration)
        let sampleRateHz = try source.preprocessor?.int("sampling_rate") ?? 16_000
        let manifests = try plan.pipeline.corpora.map { corpus in
            FileManager.default.fileExists(atPath: corpus.manifest) ? try CorpusManifest.load(corpus.manifest) : nil
        }
        let speech = try self.speech(plan, manifests)
        let rates = try ratesPath.map(Rates.init(path:))
        let workload = try Workload(
            plan, encoder: encoder, speech: speech, sampleRateHz: sampleRateHz,
            threads: rates?.threads ?? machineThreadCount)
        let begin = ContinuousClock.now
        var used = try rates ?? measure(plan, encoder, workload, speech, manifests.compactMap(\.self))
        let measuring = rates == nil ? begin.duration(to: .now) / .seconds(1) : nil
        let adopted = rates == nil ? used.adopt(Self.runs(plan, workload)) : 0
        let longest = speech.map(\.longestSeconds).max() ?? 0
        let memories = try workload.caches.map { cache in
            try CacheMemory(
                encoder: encoder, cuts: cache.cuts, bfloat16: cache.precision == Precision.bfloat16.rawValue,
                workers: used.threads, longestSeconds: longest, sampleRateHz: sampleRateHz
            ).bytes(utterances: cache.utterances)
        }
        let slurm: SlurmSettings? = if case .slurm(let settings) = plan.pipeline.launcher { settings } else { nil }
        let estimate = Estimate(
            workload, rates: used, nodes: plan.study == nil ? nodes : 1,
            atOnce: (slurm?.resources(of: .cache).atOnce, slurm?.resources(of: .train).atOnce),
            memoryBytes: Int(ProcessInfo.processInfo.physicalMemory),
            cacheMemory: { work in zip(workload.caches, memories).first { $0.0 == work }?.1 ?? 0 })
        let basis = Basis(
            plan: plan, encoder: encoder, speech: speech, workload: workload, measuringSeconds: measuring,
            adoptedRuns: adopted)
        return (estimate, basis)
    }

    /// Of each corpus. `hours` are those of all together, divided among them as they are.
    private func speech(_ plan: Plan, _ manifests: [CorpusManifest?]) throws -> [Speech] {
        let known = zip(plan.pipeline.corpora, manifests).map { corpus, manifest in
            manifest.map { Speech($0, isTestedOnly: corpus.isTestedOnly) }
        }
        guard let hours else {
            return try zip(plan.pipeline.corpora, known).map { corpus, speech in
                guard let speech else { throw EstimateError.noCorpus(manifest: corpus.manifest) }
                return speech
            }
        }
        let all = known.compactMap(\.self)
        guard all.count == known.count else {
            return known.map { _ in Speech(assumedHours: hours / Double(known.count)) }
        }
        let own = all.reduce(0) { $0 + $1.seconds }
        return all.map { $0.scaled(by: hours * 3600 / own) }
    }

    /// Those whose configuration is known to be that of a phase; trials differ from one another.
    private static func runs(_ plan: Plan, _ workload: Workload) -> [(directory: RunDirectory, work: RunWork)] {
        let phases =
            plan.study?.members.map(\.runs) ?? (plan.trials.isEmpty ? [plan.runs] : [])
        return zip(phases, workload.phases).flatMap { runs, phase in
            runs.map { (directory: RunDirectory(path: $0.directory), work: phase.work) }
        }
    }

    private func measure(
        _ plan: Plan, _ encoder: EncoderConfiguration, _ workload: Workload, _ speech: [Speech],
        _ manifests: [CorpusManifest]
    ) throws -> Rates {
        printToStandardError("measuring this machine for some seconds")
        var stageOne = Set(workload.caches.map(\.precision)), training: Set<String> = []
        for phase in workload.phases {
            training.insert(phase.work.precision)
            if phase.work.frozenOperations > 0 { stageOne.insert(phase.work.precision) }
        }
        let cut = workload.caches.flatMap(\.cuts).max() ?? .layer(encoder.layerCount)
        let calibration = try Calibration(
            model: plan.pipeline.model, cut: cut, configuration: plan.pipeline.train,
            lengthsSeconds: speech.flatMap { $0.parts.values.flatMap(\.lengthsSeconds) }.sorted(),
            threads: machineThreadCount,
            folder: plan.folder)
        let recordings = manifests.flatMap(\.utterances)
        let sample = (0..<min(8, recordings.count)).map { recordings[$0 * recordings.count / 8].span }
        func precisions(_ names: Set<String>) -> [Precision] { names.sorted().compactMap(Precision.init(rawValue:)) }
        return try calibration.measure(
            stageOne: precisions(stageOne), training: precisions(training), recordings: sample)
    }
}
