import Foundation
import Pipelines

/// A folder with a corpus manifest, a pipeline, and stand-ins for the programs that keep a log of how they were
/// called and keep to the contract of the real ones, so that what Make does with the rules can be seen without a
/// model.
final class Workshop {
    let path: String

    init(pipeline: String = Workshop.pipeline) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("make-\(UUID().uuidString)").path
        for folder in ["bin", "corpus"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        try write("id,path,split,speaker,activation\na,a.wav,train,s,0.5\n", to: "corpus/manifest.csv")
        try write(pipeline, to: "x.yaml")
        for (name, body) in [
            "undertone-cache": Self.stageOne, "undertone-train": Self.stageTwo, "undertone": Self.undertone,
        ] {
            try writeProgram(name, body)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static let pipeline = """
        name: x
        corpus: corpus/manifest.csv
        model: random:wav2vec2-base?seed=0
        labels: [activation]
        cache: {cuts: [9], shards: 3}
        train: {optimiser: {learning_rate: {layers: 1e-5}}}
        report: {title: "It's $5"}

        """

    // Like the real one: a shard that has all utterances is left as it is, and the description comes last.
    private static let stageOne = """
        only=all
        while [ $# -gt 0 ]; do
            case $1 in --corpus) corpus=$2;; --out) out=$2;; --only-shard) only=$2;; esac
            case $1 in --workers) echo "workers $2" >>log;; esac
            shift
        done
        mkdir -p "$out"
        echo "cache $only" >>log
        if [ "$only" = all ]; then cp "$corpus" "$out/cache.json"; exit; fi
        shard=$out/shard-0000$only.h5
        cmp -s "$corpus" "$shard" || { echo "compute $only" >>log; cp "$corpus" "$shard"; }

        """

    // Like the real one with --resume --replace: the same run goes on or, finished, is left alone; another is begun
    // anew. An epoch takes a moment and adds a line to metrics.jsonl and, as the state, to state/epochs; --until-epoch stops it.
    // Fails halfway while a file named `stop` is there, and at once, with the exit code in it, over a file named `fail` beside
    // its folder. Says in a file named `overlaps` when it was not alone.
    private static let stageTwo = """
        until=99
        while [ $# -gt 0 ]; do
            case $1 in --out) out=$2;; --config) config=$2;; --cache) cache=$2;; --until-epoch) until=$2;; esac
            case $1 in --audio) cache=;; esac
            case $1 in --resume | --replace) flags=${flags:-}$1;; esac
            shift
        done
        test "$flags" = --resume--replace
        echo "threads $OMP_NUM_THREADS" >>threads
        # Files "refuse" and "fail" hold exit codes: of what is not even tried, and of what is.
        if [ -e "${out%/*}/refuse" ]; then exit "$(cat "${out%/*}/refuse")"; fi
        if [ -e "${out%/*}/fail" ]; then
            mkdir -p "$out"
            echo '{"outcome" : "failed"}' >"$out/attempt.json"
            exit "$(cat "${out%/*}/fail")"
        fi
        exec 9>"$out.lock"
        flock 9
        identity=$(cat "$config" ${cache:+"$cache/cache.json"})
        if ! mkdir running 2>/dev/null; then echo "$out" >>overlaps; fi
        trap 'rmdir running 2>/dev/null || true' EXIT
        same=no
        if [ "$identity" = "$(cat "$out/state/identity" 2>/dev/null)" ]; then same=yes; fi
        if [ $same = yes ] && [ -e "$out/result.json" ]; then echo "train kept" >>log; exit; fi
        if [ $same = yes ]; then echo "train resumed" >>log; else echo "train anew" >>log; rm -rf "$out"; fi
        mkdir -p "$out/state"
        if [ $same = no ]; then echo "$identity" >"$out/state/identity"; cp "$config" "$out/config.yaml"; fi
        if [ -e stop ]; then exit 75; fi
        epochs=$(sed -n 's/^epochs: //p' "$config")
        rate=$(sed -n 's/^    heads: //p' "$config")
        done=$(cat "$out/state/epochs" 2>/dev/null || echo 0)
        while [ "$done" -lt "$epochs" ] && [ "$done" -lt "$until" ]; do
            sleep "${EPOCH_SECONDS:-0}"
            done=$((done + 1))
            echo "epoch $done of ${out#build/x/}" >>epochs
            echo "$rate $done" >"$out/metrics.new"
            mv "$out/metrics.new" "$out/metrics"
            echo "$done" >"$out/state/epochs.new"
            mv "$out/state/epochs.new" "$out/state/epochs"
        done
        if [ "$done" -ge "$epochs" ]; then echo '{}' >"$out/result.json"; fi

        """

    // The report, a study's page, and a ranking by a learning rate: the larger the better, a trial that has not come so far left out.
    private static let undertone = """
        command=$1
        shift
        epoch=0 keep=999 runs=
        while [ $# -gt 0 ]; do
            case $1 in
                -o) out=$2; shift;;
                --epoch) epoch=$2; shift;;
                --keep) keep=$2; shift;;
                --title=*) title=$1;;
                *) runs="$runs $1";;
            esac
            shift
        done
        case $command in
            report) echo "report $title" >>log; echo page >"$out";;
            paper) echo paper >>log; echo page >"$out/report.html";;
            rank)
                echo "rank $epoch" >>log
                for run in $runs; do
                    if [ "$epoch" = 0 ] && [ ! -e "$run/result.json" ]; then continue; fi
                    if [ -e "$run/metrics" ]; then echo "$(cat "$run/metrics") $run"; fi
                done | awk -v epoch="$epoch" '$2 >= epoch' | sort -s -k1,1gr | head -n "$keep" | cut -d' ' -f3 >"$out.new"
                test -s "$out.new" || { echo 'error: nothing to rank' >&2; exit 65; }
                mv "$out.new" "$out";;
        esac

        """

    func plan(corpus: String? = nil) throws -> Plan {
        try Plan(
            Pipeline(path: "\(path)/x.yaml", corpus: corpus), source: .init(path: "x.yaml", corpus: corpus),
            build: "build"
        ) { _ in 12 }
    }

    /// Plans as `undertone plan … -o build/x/rules.mk` does, seen from this folder.
    func writePlan(corpus: String? = nil) throws {
        let plan = try self.plan(corpus: corpus)
        // The plan's paths are Make's, relative to the folder that it runs in; here they are put into place by hand.
        for stamp in plan.stamps {
            try writeIfChanged(stamp.content, to: stamp.path)
        }
        try writeIfChanged(plan.makeRules, to: "build/x/rules.mk")
    }

    /// Runs make; later things must be newer than earlier ones by more than a clock tick.
    @discardableResult
    func make(_ arguments: String...) throws -> (code: Int32, output: String) {
        for name in ["log", "threads"] { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
        Thread.sleep(forTimeInterval: 0.02)
        let (process, pipe) = try start(arguments)
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        Thread.sleep(forTimeInterval: 0.02)
        return (process.terminationStatus, output)
    }

    /// Starts make, and leaves it to run.
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (process: Process, output: Pipe) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["make", "-f", "build/x/rules.mk", "UNDERTONE_BIN=bin"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        // A make above this test must not hand down its flags.
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("MAKE") && !["MFLAGS", "OMP_NUM_THREADS"].contains($0.key)
        }.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        return (process, pipe)
    }

    /// What the programs were called for since make began.
    var log: [String] {
        ((try? String(contentsOfFile: "\(path)/log", encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }

    func write(_ text: String, to name: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// A stand-in for a program.
    func writeProgram(_ name: String, _ body: String) throws {
        try writeScript("#!/bin/sh\nset -eu\n" + body, to: "bin/\(name)")
    }

    /// By another process: one that this starts meanwhile, in another test, would have the file open for writing until it is another
    /// program, and a file that somebody writes cannot be run ("Text file busy").
    private func writeScript(_ text: String, to name: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let copying = Process()
        copying.executableURL = URL(fileURLWithPath: "/bin/sh")
        copying.arguments = ["-c", "printf %s \"$1\" >\"$2\" && chmod 755 \"$2\"", "sh", text, url.path]
        try copying.run()
        copying.waitUntilExit()
        guard copying.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    private func writeIfChanged(_ text: String, to name: String) throws {
        if (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) != text { try write(text, to: name) }
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    func text(of name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }
}

extension Workshop {
    /// A PATH on which `nproc` says so many cores, whatever the machine has.
    func withCores(_ count: Int) throws -> String {
        try withTool("nproc", "echo \(count)\n")
    }

    /// A PATH on which a script stands in for a tool of the system.
    func withTool(_ name: String, _ body: String) throws -> String {
        try writeScript("#!/bin/sh\n" + body, to: "tools/\(name)")
        return "\(path)/tools:\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")"
    }
}
