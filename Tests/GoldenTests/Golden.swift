import Checkpoints
import Foundation
import Kernels
import SpeechEncoder

/// Reference tensors made with transformers and torch (Tests/Goldens/README.md says what each is), and how they are compared.
struct Golden {
    let file: SafetensorsFile
    let directory: String

    /// Tests/Goldens, or the folder that `UNDERTONE_PARITY_DIR` names: `make parity` makes the same files at full size.
    static var directories: [String] {
        var found = [URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Goldens"]
        if let full = ProcessInfo.processInfo.environment["UNDERTONE_PARITY_DIR"] { found.append(full) }
        return found
    }

    init(_ directory: String, _ name: String) throws {
        self.directory = directory
        file = try SafetensorsFile.open("\(directory)/\(name).safetensors")
    }

    func model() throws -> Checkpoint { try Checkpoint.open("\(directory)/\(file.metadata["model"]!)") }

    /// Of a stage-one golden.
    var utteranceCount: Int { Int(file.metadata["utterances"]!)! }
    var cuts: [Cut] { file.metadata["cuts"]!.split(separator: " ").map { Cut(String($0))! } }

    func floats(_ name: String) throws -> [Float] { try file.floats(name) }

    func matrix(_ name: String, engine: any Engine) throws -> Matrix {
        let shape = file.shape(of: name)!
        return engine.makeMatrix(
            try floats(name), rows: shape[0], columns: shape.dropFirst().reduce(1, *), precision: .float32)
    }
}

/// The largest `|a − b| / scale`, written so that a NaN anywhere, or another count, is infinite.
func deviation(_ found: [Float], from expected: [Float], scale: Float? = nil) -> Float {
    guard found.count == expected.count, !expected.isEmpty else { return .infinity }
    let scale = scale ?? expected.reduce(0) { max($0, abs($1)) }
    var worst: Float = 0
    for (a, b) in zip(found, expected) {
        let relative = abs(a - b) / scale
        guard relative <= .greatestFiniteMagnitude else { return .infinity }
        worst = max(worst, relative)
    }
    return worst
}

/// The smallest cosine between a row of `found` and the same row of `expected`.
func smallestCosine(_ found: [Float], _ expected: [Float], columns: Int) -> Double {
    guard found.count == expected.count else { return -.infinity }
    var smallest = 1.0
    for begin in stride(from: 0, to: found.count, by: columns) {
        var dot = 0.0, a = 0.0, b = 0.0
        for index in begin..<begin + columns {
            dot += Double(found[index]) * Double(expected[index])
            a += Double(found[index]) * Double(found[index])
            b += Double(expected[index]) * Double(expected[index])
        }
        let cosine = dot / (a * b).squareRoot()
        guard cosine.isFinite else { return -.infinity }
        smallest = min(smallest, cosine)
    }
    return smallest
}
