import Foundation
import Testing

@testable import Checkpoints

/// What fuzzing found, and what is like it, in the ordinary build: `Fuzz/Corpora`.
@Suite struct FuzzCorpusTests {
    static func corpus(_ target: String) -> [String] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fuzz/Corpora/\(target)").standardized.path(percentEncoded: false)
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map { "\(folder)/\($0)" }
    }

    @Test func theCorporaAreThere() { #expect(Self.corpus("pytorch").count >= 3) }

    @Test(arguments: corpus("pytorch") + corpus("safetensors"))
    func opensOrRefuses(path: String) throws {
        // Typed throws: whatever is refused is refused with a `CheckpointError`.
        guard let source = try? Checkpoint.openWeights(path) else { return }
        for name in source.names {
            let shape = try #require(source.shape(of: name))
            #expect(try source.floats(name).count == elementCount(shape))
        }
    }

    /// Sizes and offsets that nothing bounds, because the tensor has no elements, were multiplied all the same.
    @Test(arguments: ["empty-view-far-away.bin", "empty-view-of-vast-sizes.bin"])
    func emptyViewsMayLieAnywhere(file: String) throws {
        let path = try #require(Self.corpus("pytorch").first { $0.hasSuffix(file) })
        let archive = try PyTorchArchive.open(path)
        #expect(try archive.floats("w") == [])
        #expect(try archive.withFloats("w") { $0.count } == 0)
    }

    /// A list copied again and again took memory and time beyond all proportion to the file.
    @Test func whatIsCopiedIsBounded() throws {
        let path = try #require(Self.corpus("pytorch").first { $0.hasSuffix("ordered-dict-again-and-again.bin") })
        let error = #expect(throws: CheckpointError.self) { try PyTorchArchive.open(path) }
        #expect("\(try #require(error))".contains("the same items in one OrderedDict after another"))
    }
}
