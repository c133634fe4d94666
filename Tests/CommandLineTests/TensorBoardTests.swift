import Foundation
import Testing

/// A Python that has TensorBoard: `UNDERTONE_PYTHON`, or `python3` on the path.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"], "python3"].compactMap { $0 }
    let probe = ["-c", "import tensorboard.backend.event_processing"]
    return candidates.first { (try? run($0, probe, in: Scratch()).code) == 0 }
}()

private func run(_ python: String, _ arguments: [String], in folder: Scratch) throws -> Outcome {
    try Running(URL(filePath: "/usr/bin/env"), [python] + arguments, in: folder).wait()
}

/// Reads a folder of runs as TensorBoard's own server does: scalars and histograms through its data provider, the table of
/// hyperparameters through the handlers of the plugin. Prints JSON.
private let reader = """
    import json, sys
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.data import provider
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import (
        api_pb2, backend_context, get_experiment, list_session_groups)
    from tensorboard.util import tensor_util

    multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"scalars": 0, "histograms": 0})
    multiplexer.AddRunsFromDirectory(sys.argv[1])
    multiplexer.Reload()
    data = data_provider.MultiplexerDataProvider(multiplexer, sys.argv[1])
    ctx = context.RequestContext()

    scalars = {
        run: {tag: [(d.step, d.value) for d in series] for tag, series in tags.items()}
        for run, tags in data.read_scalars(
            ctx, experiment_id="", plugin_name="scalars", downsample=1000).items()}
    histograms = {
        run: {tag: [(d.step, d.numpy.tolist()) for d in series] for tag, series in tags.items()}
        for run, tags in data.read_tensors(
            ctx, experiment_id="", plugin_name="histograms", downsample=1000).items()}

    backend = backend_context.Context(base_plugin.TBContext(data_provider=data, logdir=sys.argv[1]))
    request = api_pb2.GetExperimentRequest(experiment_name="", include_metrics=True)
    experiment = get_experiment.Handler(ctx, backend, "", request).run()
    columns = [
        api_pb2.ColParams(hparam=info.name) for info in experiment.hparam_infos]
    sessions = list_session_groups.Handler(ctx, backend, "", api_pb2.ListSessionGroupsRequest(
        start_index=0, slice_size=100, include_metrics=True, col_params=columns,
        allowed_statuses=[api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE,
            api_pb2.STATUS_RUNNING])).run()

    def value(v):
        return getattr(v, v.WhichOneof("kind"))

    json.dump({
        "scalars": scalars, "histograms": histograms,
        "differing": sorted(i.name for i in experiment.hparam_infos if i.differs),
        "hparams": sorted(i.name for i in experiment.hparam_infos),
        "metrics": sorted({f"{m.name.group}/{m.name.tag}".strip("/") for m in experiment.metric_infos}),
        "groups": {g.name: {
            "hparams": {k: value(v) for k, v in g.hparams.items()},
            "sessions": {s.name: api_pb2.Status.Name(s.status) for s in g.sessions},
        } for g in sessions.session_groups},
    }, sys.stdout)
    """

private struct Board: Decodable {
    struct Point: Decodable {
        var step: Int
        var value: Double

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            (step, value) = (try container.decode(Int.self), try container.decode(Double.self))
        }
    }

    struct Histogram: Decodable {
        var step: Int
        /// Left, right, count.
        var bins: [[Double]]

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            (step, bins) = (try container.decode(Int.self), try container.decode([[Double]].self))
        }
    }

    struct Group: Decodable {
        enum Value: Decodable, Equatable {
            case number(Double)
            case text(String)
            case truth(Bool)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let value = try? container.decode(Bool.self) {
                    self = .truth(value)
                } else if let value = try? container.decode(Double.self) {
                    self = .number(value)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }
        }

        var hparams: [String: Value]
        var sessions: [String: String]
    }

    var scalars: [String: [String: [Point]]]
    var histograms: [String: [String: [Histogram]]]
    var differing: [String]
    var hparams: [String]
    var groups: [String: Group]
}

private func read(_ logs: String, in folder: Scratch) throws -> Board {
    try folder.write("read.py", reader)
    let outcome = try run(try #require(python), ["read.py", logs], in: folder)
    try #require(outcome.code == 0, "\(outcome.said)")
    return try JSONDecoder().decode(Board.self, from: Data(outcome.output.utf8))
}

@Suite(.enabled(if: python != nil, "set UNDERTONE_PYTHON to a Python that has tensorboard"))
struct TensorBoardTests {
    /// One run undisturbed, one stopped and gone on with: TensorBoard shows the same of both, each step once.
    @Test func aRunIsShownOnceHoweverOftenItWasStopped() throws {
        let folder = try Scratch()
        try folder.writeCorpus(12)
        #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
        let whole = trainArguments(out: "runs/whole", epochs: 3)
        #expect(try Program.train.run(whole, in: folder).code == 0)
        let parts = trainArguments(out: "runs/parts", epochs: 3) + ["--resume"]
        for stop in ["1", "2"] {
            #expect(try Program.train.run(parts + ["--until-epoch", stop], in: folder).code == 0)
        }
        let half = try read("runs", in: folder)
        #expect(half.groups["parts"]?.sessions == ["parts": "STATUS_UNKNOWN"])
        #expect(try Program.train.run(parts, in: folder).code == 0)

        let board = try read("runs", in: folder)
        let scalars = try #require(board.scalars["whole"]), others = try #require(board.scalars["parts"])
        #expect(Set(scalars.keys) == Set(others.keys))
        for (tag, points) in scalars where tag != "frames_per_second" {
            #expect(points.map(\.step) == others[tag]?.map(\.step) && points.map(\.value) == others[tag]?.map(\.value))
        }
        // Six utterances train, four to a batch: two steps an epoch.
        #expect(scalars["loss/train"]?.map(\.step) == [2, 4, 6])
        let rates = try #require(scalars["learning_rate/layers"]).map(\.value)
        #expect(rates == rates.sorted(by: >) && rates[0] <= 5e-5 && rates[2] < rates[0], "it falls")
        #expect(scalars["best/ccc"]?.map(\.step) == [6] && scalars["best_ccc/test.activation"] != nil)

        let histograms = try #require(board.histograms["whole"])
        #expect(
            histograms.keys.sorted() == ["gradient_norms/heads", "gradient_norms/layers.2", "gradient_norms/layers.3"])
        for (tag, found) in histograms {
            #expect(found.map(\.step) == [2, 4, 6])
            #expect(found.map { $0.bins.reduce(0) { $0 + $1[2] } } == [2, 2, 2], "a norm for every step")
            #expect(found.map(\.bins) == board.histograms["parts"]?[tag]?.map(\.bins))
            #expect(found.allSatisfy { $0.bins.allSatisfy { $0[0] <= $0[1] } })
        }
        #expect(board.groups["parts"]?.sessions == ["parts": "STATUS_SUCCESS"])
    }

    /// Runs of two settings with two seeds each are two lines of the table, and what differs is known.
    @Test func hyperparametersAreATable() throws {
        let folder = try Scratch()
        try folder.writeCorpus(12)
        #expect(try Program.cache.run(cacheArguments(), in: folder).code == 0)
        for rate in ["1.0e-4", "1.0e-2"] {
            let outcome = try Program.train.run(
                trainArguments(
                    out: "runs/\(rate)", epochs: 1, "--set", "optimiser.learning_rate.heads=\(rate)", "--set",
                    "seeds=[0, 1]"), in: folder)
            #expect(outcome.code == 0, "\(outcome.said)")
        }
        let board = try read("runs", in: folder)
        #expect(board.differing == ["optimiser.learning_rate.heads"])
        #expect(board.groups.keys.sorted() == ["runs/1.0e-2", "runs/1.0e-4"])
        let group = try #require(board.groups["runs/1.0e-2"])
        #expect(
            group.sessions == ["1.0e-2/seed-0": "STATUS_SUCCESS", "1.0e-2/seed-1": "STATUS_SUCCESS"])
        #expect(group.hparams["optimiser.learning_rate.heads"] == .number(1e-2))
        #expect(group.hparams["optimiser.schedule"] == .text("linear") && group.hparams["strict"] == .truth(false))
        #expect(group.hparams["seed"] == nil && group.hparams["patience"] == nil)
    }
}
