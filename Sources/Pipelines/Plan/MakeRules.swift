extension Plan {
    /// The rules for GNU Make 4.2 or later: a target per shard, the cache, a target per run and per trial's rung, the report.
    /// Equal plans give equal text.
    public var makeRules: String {
        """
        # Written by undertone plan from pipeline '\(pipeline.name)'; edit the pipeline instead.
        # Include it, or give it to `make -f`. WORKERS=N gives stage one that many workers; PROGRESS= is stage two's --progress.

        UNDERTONE_BIN ?= .build/release

        # Of N runs side by side under -j, each gets its share of the machine's threads: $(call pipeline-threads,N).
        pipeline-jobs = $(if $(filter -j,$(MAKEFLAGS)),$1,$(or $(patsubst -j%,%,$(filter -j%,$(MAKEFLAGS))),1))
        pipeline-threads = $(shell cores=$$(nproc); jobs=$(call pipeline-jobs,$1); [ $$jobs -le $1 ] || jobs=$1; \\
            echo $$(( cores > jobs ? cores / jobs : 1 )))
        pipeline-several = $(if $(filter 1,$1 $(call pipeline-jobs,$1)),,yes)
        pipeline-workers = $(if $(WORKERS), --workers $(WORKERS),$(if $(call pipeline-several,$1), --workers $(call pipeline-threads,$1)))
        # Bars of several programs would draw over one another.
        pipeline-progress = $(if $(PROGRESS), --progress $(PROGRESS),$(if $(call pipeline-several,$1), --progress plain))

        .DELETE_ON_ERROR:
        .PHONY: cache train report\(trials.isEmpty ? "" : " trials")

        pipeline-cache := \(caches.map(\.manifest).joined(separator: " "))
        pipeline-runs := \(runs.map(\.result).joined(separator: " "))
        pipeline-report := \(report)
        pipeline-stage-two = \(trainTemplate)
        cache: $(pipeline-cache)
        train: $(pipeline-runs)
        report: $(pipeline-report)
        \(sweepVariables)\(studyVariables)
        \(caches.indices.map(cacheVariables).joined(separator: "\n"))

        \(steps.map(Self.rule).joined(separator: "\n"))
        """
    }

    /// What every shard is made from, and by what.
    private func cacheVariables(_ number: Int) -> String {
        """

        pipeline-inputs-\(number) := \(cacheInputs(number).joined(separator: " "))
        pipeline-shards-\(number) := \(caches[number].shards.joined(separator: " "))
        pipeline-stage-one-\(number) = \(cacheCommand(number))
        """
    }

    private var sweepVariables: String {
        guard let last = rungs.last else { return "" }
        let stamps = rungs.map { rung in
            "pipeline-rung-\(rung.number) := "
                + trials.map { $0.stamp(rung: rung.number) }.joined(separator: " ")
        }
        let points = pipelinePoints
        return """

            # A sweep's trials, by the end of each rung. One that was tried and cannot be trained, such as one whose loss is not
            # finite (exit code 65), is an outcome: it ranks last. One that is refused before that, as by `strict`, is none.
            pipeline-tolerate = || { code=$$?; [ $$code -eq 65 ] && grep -qs \(failedAttempt) $1/attempt.json || exit $$code; echo '$1: ranks last' >&2; }
            \(stamps.joined(separator: "\n"))
            trials: $(pipeline-rung-\(last.number)) \(ranking)
            .PHONY: \(points.map { "trial-\($0.id)" }.joined(separator: " "))
            \(points.map { "trial-\($0.id): \($0.stamps.joined(separator: " "))" }.joined(separator: "\n"))
            """
    }

    /// The stamps of each point's trials, in order.
    private var pipelinePoints: [(id: String, stamps: [String])] {
        let last = rungs.count - 1
        return trials.reduce(into: []) { points, trial in
            if points.last?.id != trial.id { points.append((trial.id, [])) }
            points[points.count - 1].stamps.append(trial.stamp(rung: last))
        }
    }

    private static func rule(_ step: Step) -> String {
        """
        \(step.target): \(step.inputs.map(\.text).joined(separator: " "))
        \(step.recipe.map { "\t\($0)\n" }.joined())
        """
    }
}
