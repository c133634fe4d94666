import Checkpoints
import Corpus
import FeatureStore
import Foundation
import SpeechEncoder

/// A whole cache in a folder of its own, as stage one would leave it but for where its rows come from.
final class SampleCache: Sendable {
    struct Member: Sendable {
        var id: String
        var frames: Int
        var split = "train"
        var speaker = "s"
        var labels: [String] = []
    }

    let path: String
    let members: [Member]
    let layout: ShardLayout

    /// Cut 3 of a tiny encoder of four layers, and the cut below it.
    static let cuts = [CutLayout(name: "2", hiddenSize: 48), CutLayout(name: "3", hiddenSize: 48)]

    /// - Parameters:
    ///   - rejects: id, path and reason.
    ///   - value: of a frame and channel of member `number`; the default is noise.
    init(
        _ members: [Member] = SampleCache.members(14), shards: Int = 3, storage: StorageFormat = .float16,
        labelNames: [String] = [], rejects: [[String]] = [],
        value: (_ number: Int, _ frame: Int, _ channel: Int) -> Float = SampleCache.noise
    ) throws {
        path = FileManager.default.temporaryDirectory.path + "/undertone-inspection-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        self.members = members
        layout = ShardLayout(
            key: CacheKey(components: [
                "cuts": "2,3", "storage": storage.rawValue, "frozen_weights": "f00d", "compute": "float32",
            ]), storage: storage, cuts: SampleCache.cuts, shardCount: shards)
        let listed = try (0..<shards).map { shard in
            let home = members.enumerated().filter {
                ShardLayout.shardIndex(id: $0.element.id, shardCount: shards) == shard
            }
            return try writeShard(shard, home.map { (number: $0.offset, member: $0.element) }, value: value)
        }
        try writeCorpus(labelNames: labelNames, rejects: rejects)
        try writeUpperWeights()
        try describe(listed)
    }

    /// A copy of a cache: writing one takes longer, for every file of it is flushed to the disk.
    private init(copying other: SampleCache) throws {
        path = other.path + "-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: other.path, toPath: path)
        members = other.members
        layout = other.layout
    }

    private static let usual = Result {
        try SampleCache(rejects: [["bad", "bad.wav", "/audio/bad.wav: no such file"]])
    }

    /// Fourteen utterances in three shards, and one that was rejected.
    static func copy() throws -> SampleCache { try SampleCache(copying: usual.get()) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static func members(_ count: Int) -> [Member] {
        (0..<count).map { Member(id: "u\($0)", frames: 2 + $0 * 5 % 9) }
    }

    /// Never twice the same, and the same on every run.
    static func noise(_ number: Int, _ frame: Int, _ channel: Int) -> Float {
        var state = UInt64(number * 7919 + frame * 104_729 + channel * 31 + 1) &* 0x9e37_79b9_7f4a_7c15
        state ^= state >> 31
        state = state &* 0xbf58_476d_1ce4_e5b9
        return (Float(state >> 40) / Float(1 << 24) - 0.5) * 4
    }

    @discardableResult
    func writeShard(
        _ shard: Int, _ content: [(number: Int, member: Member)], layout: ShardLayout? = nil, name: String? = nil,
        value: (_ number: Int, _ frame: Int, _ channel: Int) -> Float = SampleCache.noise
    ) throws -> CacheDescription.Shard {
        let name = name ?? ShardLayout.fileName(shard: shard)
        let writer = try ShardWriter(path: file(name), layout: layout ?? self.layout, shard: shard)
        for (number, member) in content {
            let rows = SampleCache.cuts.enumerated().map { cut, layout in
                (0..<member.frames * layout.hiddenSize).map {
                    value(number, cut * 1000 + $0 / layout.hiddenSize, $0 % layout.hiddenSize)
                }
            }
            try writer.append(
                UtteranceEntry(
                    id: member.id, frameCount: member.frames, sampleCount: member.frames * 320 + 80,
                    audioSHA256: "ab", fileByteCount: 1, fileModifiedNanoseconds: 1), rows: rows)
        }
        try writer.finish()
        return .init(
            file: name, utterances: content.count, frames: content.reduce(0) { $0 + $1.member.frames },
            bytes: try bytes(name).count)
    }

    private func writeCorpus(labelNames: [String], rejects: [[String]]) throws {
        var rows = [(["id", "path", "split", "speaker"] + labelNames).joined(separator: ",")]
        for member in members {
            let cells = [member.id, "\(member.id).wav", member.split, member.speaker] + member.labels
            rows.append(cells.joined(separator: ","))
        }
        for reject in rejects {
            rows.append(([reject[0], reject[1], "train", "s"] + labelNames.map { _ in "" }).joined(separator: ","))
        }
        try write("corpus.csv", rows.map { $0 + "\n" }.joined())
        let quoted = rejects.map { "\($0[0]),\($0[1]),\"\($0[2])\"\n" }
        try write("rejects.csv", "id,path,reason\n" + quoted.joined())
    }

    static let model = ModelSpecification.random(preset: "wav2vec2-tiny", seed: 4)
    private static let source = Result { try SampleCache.model.open() }

    func writeUpperWeights(
        edit: (inout [(name: String, shape: [Int], floats: [Float])]) -> Void = { _ in }
    ) throws {
        let source = try SampleCache.source.get()
        let names = TensorNames(try EncoderConfiguration(source.configuration)).upper(above: .layer(2))
        var tensors = try names.map { (name: $0.name, shape: $0.shape, floats: try source.floats($0.name)) }
        edit(&tensors)
        try SafetensorsFile.write(to: file("upper.safetensors"), tensors: tensors)
    }

    private func describe(_ shards: [CacheDescription.Shard]) throws {
        let samples = members.reduce(0) { $0 + $1.frames * 320 + 80 }
        try CacheDescription(
            key: layout.key, cuts: layout.cuts, frozenWeightsSHA256: "f00d",
            upperSHA256: try SafetensorsFile.open(file("upper.safetensors")).sha256,
            model: try JSONDecoder().decode(JSONValue.self, from: SampleCache.source.get().configuration.data),
            modelSource: "\(SampleCache.model)",
            preprocessing: .init(sampleRateHz: 16000, hopSamples: 320, minimumSamples: 400, normalise: true),
            storage: layout.storage, compute: "float32", shards: shards,
            totals: .init(
                utterances: members.count, frames: shards.reduce(0) { $0 + $1.frames },
                seconds: Double(samples) / 16000, bytes: shards.reduce(0) { $0 + $1.bytes }),
            fidelity: nil, versions: [:]
        ).write(directory: path)
    }

    // MARK: - Files

    func file(_ name: String) -> String { "\(path)/\(name)" }
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: file(name))) }
    func write(_ name: String, _ text: String) throws { try write(name, Data(text.utf8)) }
    func write(_ name: String, _ data: Data) throws { try data.write(to: URL(filePath: file(name))) }
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

    func move(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: file(name), toPath: file(other))
    }

    /// Replaces text that the file holds exactly once.
    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOfFile: file(name), encoding: .utf8)
        precondition(text.components(separatedBy: old).count == 2, "\(name) holds \(old) once")
        try write(name, text.replacing(old, with: new))
    }

    func flip(_ name: String, at position: Int) throws {
        var data = try bytes(name)
        data[data.startIndex + position] ^= 0x41
        try write(name, data)
    }

    /// The shard that an utterance belongs in, and the position of one of its stored rows in the file.
    func place(of id: String, cut: String) throws -> (file: String, position: Int) {
        let name = ShardLayout.fileName(shard: ShardLayout.shardIndex(id: id, shardCount: layout.shardCount))
        let reader = try ShardReader(path: file(name))
        let row = reader.index(of: id)!
        var stored = [UInt8](repeating: 0, count: reader.byteCount(cut: cut, utterance: row))
        try stored.withUnsafeMutableBytes { try reader.readRows(cut: cut, utterance: row, into: $0) }
        let range = try bytes(name).range(of: Data(stored))!
        return (name, range.lowerBound + stored.count / 2)
    }
}
