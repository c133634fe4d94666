import Runs

/// The finished runs of one set-up, one of each seed, as they lie on the disk.
struct StudyRuns {
    struct Member {
        var directory: RunDirectory
        var configuration: TrainConfiguration
        var epochs: [EpochMetrics]
        var result: RunResult
    }

    let setUp: StudySetUp
    let members: [Member]

    /// - Throws: `StudyError` naming the file that is missing or wrong.
    init(_ setUp: StudySetUp, directories: [String]) throws(StudyError) {
        self.setUp = setUp
        var members: [Member] = []
        for path in directories {
            let directory = RunDirectory(path: path)
            do throws(RunError) {
                let result = try directory.result()
                let epochs = try directory.metrics().epochs
                guard !epochs.isEmpty else {
                    throw .malformed(path: directory.metricsPath, line: nil, problem: "holds no epoch")
                }
                members.append(
                    Member(
                        directory: directory, configuration: try Self.configuration(directory), epochs: epochs,
                        result: result))
            } catch {
                throw .run(error)
            }
        }
        self.members = members
    }

    private static func configuration(_ directory: RunDirectory) throws(RunError) -> TrainConfiguration {
        do throws(ConfigurationError) {
            return try directory.configuration()
        } catch {
            throw .malformed(path: directory.configurationPath, line: error.line, problem: error.problem)
        }
    }

    /// What they all predict on a split.
    func sides(_ split: String) throws(StudyError) -> [Predictions] {
        var sides: [Predictions] = []
        for member in members {
            do throws(RunError) {
                sides.append(try member.directory.predictions(split: split))
            } catch {
                throw .run(error)
            }
        }
        return sides
    }

    /// Everything but what makes the set-up must be as the baseline's: then what differs between two rows comes of the set-up.
    /// - Throws: `StudyError.otherCorpus`; `.otherSettings` naming the first line of the configuration that is another.
    func requireComparable(to baseline: Member) throws(StudyError) {
        for member in members {
            guard member.result.corpusSHA256 == baseline.result.corpusSHA256 else {
                throw .otherCorpus(member.directory.path, baseline: baseline.directory.path)
            }
            var configuration = member.configuration
            configuration.layers = baseline.configuration.layers
            configuration.tuning = baseline.configuration.tuning
            configuration.lora = baseline.configuration.lora
            configuration.compute = baseline.configuration.compute
            configuration.seed = baseline.configuration.seed
            guard configuration != baseline.configuration else { continue }
            let lines = baseline.configuration.yaml.split(separator: "\n")
            let other = configuration.yaml.split(separator: "\n").first { !lines.contains($0) }
            throw .otherSettings(
                member.directory.path, baseline: baseline.directory.path, line: other.map(String.init) ?? "")
        }
    }
}

extension StudyRow.Run {
    init(_ member: StudyRuns.Member, split: String) {
        let scores = member.result.scores[split] ?? [:]
        self.init(
            directory: member.directory.path, seed: member.result.seed, bestEpoch: member.result.bestEpoch,
            trainingSeconds: member.epochs.map(\.secondsTraining),
            evaluatingSeconds: member.epochs.map(\.secondsEvaluating),
            peakMemoryBytes: member.result.peakMemoryBytes,
            ccc: scores.mapValues(\.ccc).filter { $0.value.isFinite })
    }
}
