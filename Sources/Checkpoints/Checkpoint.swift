import Faults
import Foundation

/// A pretrained model's folder in Hugging Face layout: its configuration and its weights, under canonical names.
///
/// The family's prefix (`wav2vec2.`, `hubert.`, …) is taken off each name, and weight norm's pair is called `weight_g`
/// and `weight_v`, whatever the file calls it.
public struct Checkpoint: ModelSource {
    public let location: String
    /// Where it lies: `location`, unless that is a name.
    public let directory: String
    public let configuration: ConfigurationFile
    public let preprocessor: ConfigurationFile?
    public let names: [String]
    /// The files that the weights come from.
    public let weightFiles: [String]
    private let files: [any TensorSource]
    private let places: [String: Place]

    private struct Place {
        var file: Int
        var stored: String
    }

    /// Where weights may be, the first that is there is taken.
    public static let weightFileNames = [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ]

    /// Opens the folder, maps its weights, and checks that every file is whole; no tensor is read yet.
    ///
    /// - Parameters:
    ///   - directory: with `config.json`, one of `weightFileNames`, and `preprocessor_config.json` where the model has one.
    ///   - name: what the user calls it, where that is not the folder.
    /// - Throws: `CheckpointError`, naming the file, and the tensor where it is about one.
    public static func open(_ directory: String, calledBy name: String? = nil) throws(CheckpointError) -> Checkpoint {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw .missingDirectory(path: directory)
        }
        let folder = try ModelFolder(directory)
        guard folder.has("config.json") else { throw folder.missing(["config.json"]) }
        guard let weights = weightFileNames.first(where: folder.has) else { throw folder.missing(weightFileNames) }
        let configuration = try ConfigurationFile.load(folder.path("config.json"))
        let preprocessor =
            folder.has("preprocessor_config.json")
            ? try ConfigurationFile.load(folder.path("preprocessor_config.json")) : nil
        let files: [any TensorSource]
        let stored: [(name: String, file: Int)]
        if weights.hasSuffix(".index.json") {
            (files, stored) = try folder.openShards(index: weights)
        } else {
            files = [try openWeights(folder.path(weights))]
            stored = files[0].names.map { (name: $0, file: 0) }
        }
        var places: [String: Place] = [:]
        for (name, file) in stored {
            let canonical = TensorNames.canonical(name)
            if let other = places[canonical] {
                throw .tensor(
                    path: files[file].location, name: name,
                    reason: "stands for \(canonical), and so does \(other.stored)")
            }
            places[canonical] = Place(file: file, stored: name)
        }
        return Checkpoint(
            location: name ?? directory, directory: directory, configuration: configuration, preprocessor: preprocessor,
            names: places.keys.sortedBytewise(), weightFiles: files.map(\.location), files: files, places: places)
    }

    public func location(of name: String) -> String {
        places[name].map { files[$0.file].location } ?? (files.count == 1 ? files[0].location : location)
    }

    public func shape(of name: String) -> [Int]? {
        places[name].flatMap { files[$0.file].shape(of: $0.stored) }
    }

    public func storedType(of name: String) -> String? {
        places[name].flatMap { files[$0.file].storedType(of: $0.stored) }
    }

    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let place = places[name] else { throw missing(name) }
        return try files[place.file].floats(place.stored)
    }

    public func withFloats<Outcome>(
        _ name: String, _ body: (Span<Float>) throws(CheckpointError) -> Outcome
    ) throws(CheckpointError) -> Outcome {
        guard let place = places[name] else { throw missing(name) }
        return try files[place.file].withFloats(place.stored, body)
    }

    static func openWeights(_ path: String) throws(CheckpointError) -> any TensorSource {
        path.hasSuffix(".safetensors") ? try SafetensorsFile.open(path) : try PyTorchArchive.open(path)
    }
}

/// A folder and what lies in it.
private struct ModelFolder {
    let directory: String
    let contents: [String]

    init(_ directory: String) throws(CheckpointError) {
        self.directory = directory
        do {
            contents = try FileManager.default.contentsOfDirectory(atPath: directory).sortedBytewise()
        } catch {
            throw .unreadable(path: directory, reason: error.localizedDescription)
        }
    }

    func has(_ name: String) -> Bool { contents.contains(name) }

    func path(_ name: String) -> String { directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)" }

    func missing(_ names: [String]) -> CheckpointError {
        .missingFile(directory: directory, lookedFor: names, found: contents)
    }

    /// Opens the shards that an index names, each once, and lists the tensors it places in them.
    func openShards(
        index: String
    ) throws(CheckpointError) -> (files: [any TensorSource], stored: [(name: String, file: Int)]) {
        let indexPath = path(index)
        let json: JSON
        do {
            json = try JSON.parse(ConfigurationFile.load(indexPath).data.map { $0 })
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .malformed(path: indexPath, reason: "is no JSON")
        }
        guard case .object(let members)? = json["weight_map"], !members.isEmpty else {
            throw .malformed(path: indexPath, reason: "has no weight_map, from tensor names to files")
        }
        var files: [any TensorSource] = []
        var fileIndices: [String: Int] = [:]
        var stored: [(name: String, file: Int)] = []
        for member in members {
            guard case .string(let shard) = member.value else {
                throw .tensor(path: indexPath, name: member.key, reason: "its file is \(member.value.summary)")
            }
            let fileIndex: Int
            if let known = fileIndices[shard] {
                fileIndex = known
            } else {
                // Compared with the folder's own listing, a name cannot lead out of it.
                guard has(shard) else { throw missing([printable(shard)]) }
                files.append(try Checkpoint.openWeights(path(shard)))
                fileIndex = files.count - 1
                fileIndices[shard] = fileIndex
            }
            guard files[fileIndex].shape(of: member.key) != nil else { throw files[fileIndex].missing(member.key) }
            stored.append((name: member.key, file: fileIndex))
        }
        return (files, stored)
    }
}
