import Corpus
import Foundation
import Synchronization

/// How much speech a corpus has, and in utterances of which lengths.
public struct Speech: Sendable, Equatable {
    public enum Role: String, Sendable, CaseIterable { case train, development, test }

    /// What serves one purpose.
    public struct Part: Sendable, Equatable {
        public var utterances: Int
        /// Lengths that stand for all of them: every one, or an even sample.
        public var lengthsSeconds: [Double]

        public init(utterances: Int, lengthsSeconds: [Double]) {
            self.utterances = utterances
            self.lengthsSeconds = lengthsSeconds
        }

        public var meanSeconds: Double {
            lengthsSeconds.isEmpty ? 0 : lengthsSeconds.reduce(0, +) / Double(lengthsSeconds.count)
        }
        public var seconds: Double { Double(utterances) * meanSeconds }

        /// So many of the lengths, evenly spread.
        func spread(_ count: Int) -> [Double] {
            guard !lengthsSeconds.isEmpty else { return [] }
            return (0..<count).map { lengthsSeconds[$0 * lengthsSeconds.count / count] }
        }

        /// The sum of a quantity over all utterances, from that over those whose lengths are known.
        func total(_ quantity: (_ seconds: Double) -> Double) -> Double {
            guard !lengthsSeconds.isEmpty else { return 0 }
            return lengthsSeconds.reduce(0) { $0 + quantity($1) } * Double(utterances) / Double(lengthsSeconds.count)
        }
    }

    /// Where the lengths are from.
    public enum Origin: Sendable, Equatable {
        /// Every recording's header.
        case headers
        /// The headers of so many of the recordings.
        case sample(Int)
        case assumed
    }

    public var parts: [Role: Part]
    public var origin: Origin
    /// Splits that are predicted: all but `train`.
    public var predictedSplits: Int
    /// Each utterance's id and length, where all are known: which shard an utterance goes into follows from its id.
    public var members: [(id: String, seconds: Double)]?
    /// Of the manifest.
    public var manifestBytes: Int

    public static func == (a: Speech, b: Speech) -> Bool {
        a.parts == b.parts && a.origin == b.origin && a.predictedSplits == b.predictedSplits
            && a.manifestBytes == b.manifestBytes
    }

    /// MSP-Podcast 1.11's: 238 hours in 151,654 utterances, and its splits.
    static let assumedMeanSeconds = 5.7
    static let assumedShares: [(Role, Double)] = [(.train, 0.55), (.development, 0.13), (.test, 0.32)]
    /// Of a manifest with a handful of labels.
    static let assumedRowBytes = 100

    /// So many hours, in utterances as MSP-Podcast has them.
    public init(assumedHours hours: Double) {
        let utterances = hours * 3600 / Self.assumedMeanSeconds
        parts = Dictionary(
            uniqueKeysWithValues: Self.assumedShares.map { role, share in
                let count = max(1, Int((share * utterances).rounded()))
                return (role, Part(utterances: count, lengthsSeconds: [Self.assumedMeanSeconds]))
            })
        origin = .assumed
        predictedSplits = 3
        manifestBytes = parts.values.reduce(0) { $0 + $1.utterances } * Self.assumedRowBytes
    }

    /// A corpus as its manifest has it, by its recordings' headers; of a large one, by those of an even sample.
    ///
    /// A recording that cannot be opened, or whose header does not say how long it is, is taken to be as long as the others are.
    /// - Parameters:
    ///   - manifest: gives utterances, splits and where the recordings lie.
    ///   - isTestedOnly: whether all of it is a test split.
    ///   - sample: the most headers that are read.
    public init(_ manifest: CorpusManifest, isTestedOnly: Bool = false, sample: Int = 20_000) {
        let utterances = manifest.utterances
        let step = max(1, (utterances.count + sample - 1) / sample)
        let chosen = stride(from: 0, to: utterances.count, by: step).map { utterances[$0] }
        let found = Mutex([Double?](repeating: nil, count: chosen.count))
        // On a network file system each costs a round trip.
        DispatchQueue.concurrentPerform(iterations: chosen.count) { index in
            let span = chosen[index].span
            let seconds = try? AudioFile.probe(span.path, segment: span.segment).durationSeconds
            found.withLock { $0[index] = seconds }
        }
        let lengths = found.withLock { $0 }
        let known = lengths.compactMap(\.self)
        func role(_ utterance: Utterance) -> Role {
            if isTestedOnly { return .test }
            return switch utterance.split {
            case .train: .train
            case .development: .development
            case .test: .test
            }
        }
        predictedSplits = isTestedOnly ? 1 : Set(utterances.map(\.split)).subtracting([.train]).count
        parts = [:]
        for utterance in utterances {
            parts[role(utterance), default: Part(utterances: 0, lengthsSeconds: [])].utterances += 1
        }
        for (utterance, seconds) in zip(chosen, lengths) {
            if let seconds { parts[role(utterance)]?.lengthsSeconds.append(seconds) }
        }
        let fallback = known.isEmpty ? Self.assumedMeanSeconds : known.reduce(0, +) / Double(known.count)
        for (role, part) in parts where part.lengthsSeconds.isEmpty { parts[role]?.lengthsSeconds = [fallback] }
        origin = known.isEmpty ? .assumed : known.count == utterances.count ? .headers : .sample(known.count)
        if known.count == utterances.count { members = zip(utterances.map(\.id), known).map { ($0, $1) } }
        let size = try? FileManager.default.attributesOfItem(atPath: manifest.path)[.size] as? Int
        manifestBytes = size ?? utterances.count * Self.assumedRowBytes
    }

    /// The same kind of corpus with another amount of speech.
    public func scaled(by factor: Double) -> Speech {
        var scaled = self
        scaled.parts = parts.mapValues { part in
            Part(
                utterances: max(1, Int((Double(part.utterances) * factor).rounded())),
                lengthsSeconds: part.lengthsSeconds)
        }
        scaled.members = nil
        scaled.manifestBytes = Int(Double(manifestBytes) * factor)
        return scaled
    }

    /// Several corpora as one, as training has them.
    public init(joining all: [Speech]) {
        precondition(!all.isEmpty, "no corpus to join")
        var parts: [Role: Part] = [:]
        for role in Role.allCases {
            let members = all.compactMap { $0.parts[role] }
            let count = members.reduce(0) { $0 + $1.utterances }
            guard count > 0 else { continue }
            // Each corpus by its share, a few thousand lengths in all.
            let lengths =
                members.count == 1
                ? members[0].lengthsSeconds
                : members.flatMap { $0.spread(max(1, 5000 * $0.utterances / count)) }
            parts[role] = Part(utterances: count, lengthsSeconds: lengths)
        }
        self.parts = parts
        predictedSplits = all.reduce(0) { max($0, $1.predictedSplits) }
        origin = all.contains { $0.origin == .assumed } ? .assumed : all[0].origin
        manifestBytes = all.reduce(0) { $0 + $1.manifestBytes }
    }

    public func utterances(_ role: Role) -> Int { parts[role]?.utterances ?? 0 }
    public var utterances: Int { parts.values.reduce(0) { $0 + $1.utterances } }
    public var seconds: Double { parts.values.reduce(0) { $0 + $1.seconds } }
    public var longestSeconds: Double { parts.values.flatMap(\.lengthsSeconds).max() ?? 0 }
    func total(_ quantity: (_ seconds: Double) -> Double) -> Double {
        // In a fixed order, so that equal corpora give equal sums.
        Role.allCases.reduce(0) { $0 + (parts[$1]?.total(quantity) ?? 0) }
    }
}
