/// Something that Make makes: one file, from which others, by which commands.
public struct Step: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case shard, cache, corpus, run, trial, admission, ranking, report, paper
    }

    /// Files that several steps are made from, with the variable that stands for them in the rules.
    public struct Inputs: Sendable, Equatable {
        public var variable: String?
        public var paths: [String]

        init(_ paths: [String], variable: String? = nil) {
            self.paths = paths
            self.variable = variable
        }

        var text: String { variable.map { "$(\($0))" } ?? paths.joined(separator: " ") }
    }

    public var kind: Kind
    public var target: String
    public var inputs: [Inputs]
    /// Lines of a recipe, as Make takes them.
    public var recipe: [String]
    /// A run's directory, of a step that trains.
    public var run: String?

    public var prerequisites: [String] { inputs.flatMap(\.paths) }
}

extension Plan {
    /// Every step, each after those that it needs.
    public var steps: [Step] {
        caches.indices.flatMap(cacheSteps) + jointSteps + runs.map(runStep) + sweepSteps + [reportStep] + studySteps
    }

    // MARK: Caches

    /// Every shard looks at the whole manifest and computes what it lacks. The time of one that lacked nothing is
    /// brought up to date, or Make would ask again each time; `-c` because a shard that was not written must not seem
    /// to be.
    private func cacheSteps(_ number: Int) -> [Step] {
        let cache = caches[number], command = "$(pipeline-stage-one-\(number))"
        let inputs = Step.Inputs(cacheInputs(number), variable: "pipeline-inputs-\(number)")
        let shards = cache.shards.enumerated().map { index, path in
            Step(
                kind: .shard, target: path, inputs: [inputs],
                recipe: ["\(command) --only-shard \(index)", "@touch -c $@"])
        }
        // All shards are there: this checks them and writes the cache's description.
        return shards + [
            Step(
                kind: .cache, target: cache.manifest,
                inputs: [.init(cache.shards, variable: "pipeline-shards-\(number)")],
                recipe: [command, "@touch -c $@"])
        ]
    }

    func cacheInputs(_ number: Int) -> [String] {
        [caches[number].corpus.manifest, caches[number].settings.path] + modelFiles
    }

    func cacheCommand(_ number: Int) -> String {
        Self.program("undertone-cache", cacheArguments(number))
            + "$(call pipeline-workers,\(pipeline.cache.shards * caches.count))"
    }

    private var cacheManifests: Step.Inputs { .init(caches.map(\.manifest), variable: "pipeline-cache") }

    // MARK: Several corpora as one

    private var jointSteps: [Step] {
        guard let joint else { return [] }
        return [
            Step(
                kind: .corpus, target: joint.manifest,
                inputs: [.init(caches.map(\.corpus.manifest) + [joint.settings.path])],
                recipe: [Self.program("undertone", joinArguments(joint))])
        ]
    }

    private var jointInputs: [Step.Inputs] { joint.map { [.init([$0.manifest])] } ?? [] }

    // MARK: Runs

    /// Stage two itself knows whether what lies in the run's folder is the same run, by configuration, cache and
    /// corpus: it goes on with the same (`--resume`) and begins anew over another (`--replace`). A finished one that
    /// is the same it leaves as it is, so that here too the time is brought up to date.
    private func runStep(_ run: Run) -> Step {
        Step(
            kind: .run, target: run.result, inputs: [cacheManifests] + jointInputs + [.init([run.configuration.path])],
            recipe: [trainCommand(run.directory, sideBySide: runs.count), "@touch -c $@"], run: run.directory)
    }

    /// Of a run in a group of which so many may be under way at once.
    private func trainCommand(_ directory: String, sideBySide: Int) -> String {
        "$(call pipeline-stage-two,\(sideBySide),\(directory))"
    }

    /// With `$1` runs side by side, into `$2`, whose settings lie beside it.
    var trainTemplate: String {
        "OMP_NUM_THREADS=$(call pipeline-threads,$1) " + Self.program("undertone-train", trainArguments)
            + " --config $2.yaml --out $2 --resume --replace$(call pipeline-progress,$1)"
    }

    // MARK: Sweep

    private var sweepSteps: [Step] {
        guard let last = rungs.last, let all = trialList?.path else { return [] }
        return rungs.flatMap { rung in admissionSteps(rung, all) + trials.map { trialStep($0, rung) } } + [
            Step(
                kind: .ranking, target: ranking, inputs: [stamps(of: last), .init([all])],
                recipe: [rankCommand(["-o", ranking], runsIn: all)])
        ]
    }

    /// Without them, other rungs would find the trials of the former ones done.
    private var sweepInputs: [Step.Inputs] { sweepSettings.map { [.init([$0.path])] } ?? [] }

    private func stamps(of rung: Rung) -> Step.Inputs {
        .init(trials.map { $0.stamp(rung: rung.number) }, variable: "pipeline-rung-\(rung.number)")
    }

    /// Who goes on is known when all of the rung before are there.
    private func admissionSteps(_ rung: Rung, _ all: String) -> [Step] {
        guard let admission = rung.admission else { return [] }
        let before = rungs[rung.number - 1], candidates = before.admission ?? all
        return [
            Step(
                kind: .admission, target: admission, inputs: [stamps(of: before), .init([candidates])] + sweepInputs,
                recipe: [
                    rankCommand(
                        ["--epoch", "\(before.epochs)", "--keep", "\(rung.points)", "-o", admission], runsIn: candidates
                    )
                ])
        ]
    }

    /// A trial that cannot be trained (exit code 65) has come to the end of its rung, too: it has no score there, and ranks last.
    private func trialStep(_ trial: Trial, _ rung: Rung) -> Step {
        let command =
            trainCommand(trial.directory, sideBySide: rung.points * pipeline.seeds.count)
            + (rung.number == rungs.count - 1 ? "" : " --until-epoch \(rung.epochs)")
            + " $(call pipeline-tolerate,\(trial.directory))"
        var inputs = [cacheManifests] + jointInputs + [.init([trial.configuration.path])]
        var line = command
        if let admission = rung.admission {
            inputs = [.init([trial.stamp(rung: rung.number - 1), admission])]
            // grep's 1 is a no. What is more is no answer: it was killed, or cannot read the list.
            line = "grep -qxF '\(trial.directory)' \(admission) || exit $$(($$? - 1)); \(command)"
        }
        return Step(
            kind: .trial, target: trial.stamp(rung: rung.number), inputs: inputs + sweepInputs,
            recipe: [line, "@touch $@"], run: trial.directory)
    }

    /// The runs are read from a file: thousands of them are too long for one command of the shell. All of them, or the command fails.
    private func rankCommand(_ options: [String], runsIn list: String) -> String {
        "runs=$$(cat \(list)) && " + Self.program("undertone", ["rank"] + options) + " $$runs"
    }

    // MARK: Report

    private var reportStep: Step {
        let made = trials.isEmpty ? Step.Inputs(runs.map(\.result), variable: "pipeline-runs") : .init([ranking])
        return Step(
            kind: .report, target: report, inputs: [made, .init([reportSettings.path])],
            recipe: [Self.program("undertone", reportArguments)])
    }

    // MARK: Words

    static func program(_ name: String, _ arguments: [String]) -> String {
        "$(UNDERTONE_BIN)/\(name)" + (arguments.isEmpty ? "" : " " + words(arguments))
    }

    private static func words(_ arguments: [String]) -> String { arguments.map(quoted).joined(separator: " ") }

    /// One word for the shell, inside a recipe of Make.
    private static func quoted(_ argument: String) -> String {
        shellWord(argument.replacing("\n", with: " ")).replacing("$", with: "$$")
    }
}
