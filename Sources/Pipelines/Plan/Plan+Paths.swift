import Checkpoints
import Foundation

extension Plan {
    /// Make splits words at white space and gives meaning to a handful of characters; some cannot be escaped in every
    /// place, so none of them is let through.
    static func requireMakeable(_ path: String, what: String) throws(PlanError) {
        for character in path {
            let harmless = character.isLetter || character.isNumber || "._/+@-".contains(character)
            guard harmless else { throw .unmakeablePath(what: what, path: path, character: character) }
        }
    }

    static func modelFiles(_ model: String) throws(PlanError) -> [String] {
        if model.hasPrefix("random:") { return [] }
        try requireMakeable(model, what: "model")
        guard let place = try? HubCache.folder(of: model) else { throw .missingModel(model) }
        try requireMakeable(place, what: "model")
        let folder = place.count > 1 && place.hasSuffix("/") ? String(place.dropLast()) : place
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard names.contains("config.json") else { throw .missingModel(model) }
        let files = names.sorted().filter { name in
            ["config.json", "preprocessor_config.json"].contains(name)
                || (name.hasPrefix("model") || name.hasPrefix("pytorch_model"))
                    && [".safetensors", ".bin", ".index.json"].contains(where: name.hasSuffix)
        }
        for file in files { try requireMakeable(file, what: "model file") }
        return files.map { "\(folder)/\($0)" }
    }
}

/// Eight hexadecimal digits to tell folders apart (FNV-1a, 64 bits, folded). It guards nothing: the cache program
/// compares the full key and refuses a folder with another, and the training program its whole configuration.
func shortHash(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
