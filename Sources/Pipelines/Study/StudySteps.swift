extension Plan {
    /// Of the study: its caches, its runs, its page. Every run has the whole machine: the rules have Make do one thing at a time.
    var studySteps: [Step] {
        guard let study else { return [] }
        let inputs = Step.Inputs([corpus] + modelFiles, variable: "pipeline-study-inputs")
        let caches = study.caches.map { cache in
            Step(
                kind: .cache, target: cache.manifest, inputs: [inputs, .init([cache.settings.path])],
                recipe: [studyCacheCommand(cache), "@touch -c $@"])
        }
        let runs = study.members.flatMap { member in
            member.runs.map { run in
                Step(
                    kind: .run, target: run.result,
                    inputs: [
                        member.cache.map { .init([$0.manifest]) } ?? inputs,
                        .init((member.cache == nil ? [] : jointManifests) + [run.configuration.path]),
                    ],
                    recipe: [studyTrainCommand(member, run), "@touch -c $@"], run: run.directory)
            }
        }
        return caches + runs + [
            Step(
                kind: .paper, target: study.report,
                inputs: [
                    .init(study.members.flatMap { $0.runs.map(\.result) }, variable: "pipeline-study-runs"),
                    .init([study.settings.path]),
                ], recipe: [paperCommand(study)])
        ]
    }

    private var jointManifests: [String] { joint.map { [$0.manifest] } ?? [] }

    private func studyCacheCommand(_ cache: StudyPlan.Cache) -> String {
        let arguments = [
            "--corpus", corpus, "--model", pipeline.model, "--cut", cache.cut, "--shards", "\(pipeline.cache.shards)",
            "--store", cache.store, "--pool", "\(cache.pool)", "--compute", cache.compute,
            "--max-rejects", pipeline.cache.maxRejects, "--measures", cache.measures, "--out", cache.folder,
        ]
        return Self.program("undertone-cache", arguments + pipeline.cache.pathArguments)
            + "$(if $(WORKERS), --workers $(WORKERS))"
    }

    private func studyTrainCommand(_ member: StudyPlan.Member, _ run: Run) -> String {
        let origin =
            member.cache.map { ["--cache", $0.folder, "--corpus", corpus] }
            ?? ["--audio", "--corpus", corpus, "--model", pipeline.model, "--max-rejects", pipeline.cache.maxRejects]
            + pipeline.cache.pathArguments
        let arguments = origin + ["--config", run.configuration.path, "--out", run.directory, "--resume", "--replace"]
        return "OMP_NUM_THREADS=$$(nproc) " + Self.program("undertone-train", arguments)
            + "$(call pipeline-progress,1)"
    }

    private func paperCommand(_ study: StudyPlan) -> String {
        let arguments =
            ["paper", source.path] + (source.corpus.map { ["--corpus", $0] } ?? [])
            + (source.model.map { ["--model", $0] } ?? []) + ["--build", build, "-o", study.folder]
        return "@" + Self.program("undertone", arguments) + " >/dev/null"
    }

    /// What Make needs to know beside the steps.
    var studyVariables: String {
        guard let study else { return "" }
        return """

            # A study's times are worth nothing where runs share the machine: one at a time, whatever -j says.
            ifneq (,$(filter paper \(study.folder)/%,$(MAKECMDGOALS)))
            .NOTPARALLEL:
            endif
            pipeline-study-inputs := \(([corpus] + modelFiles).joined(separator: " "))
            pipeline-study-runs := \(study.members.flatMap { $0.runs.map(\.result) }.joined(separator: " "))
            paper: \(study.report)
            .PHONY: paper

            """
    }
}
