import Buffers
import Checkpoints
import Corpus
import Foundation
import Kernels
import SpeechEncoder
import Testing

private let directory = Golden.directories[0]

/// Every cut of a tiny model of every family against transformers, from every form that checkpoints come in.
@Suite struct StageOneGoldenTests {
    static let goldens = [
        "stage-one", "stage-one-wav2vec2-large-tiny", "stage-one-hubert-tiny", "stage-one-hubert-large-tiny",
        "stage-one-wavlm-tiny", "stage-one-wavlm-large-tiny", "stage-one-data2vec-audio-tiny",
    ]

    private func encoder(
        _ golden: Golden, _ precision: Precision, threads: Int = 1, weights: (any TensorSource)? = nil
    ) throws -> LowerEncoder {
        let model = try golden.model()
        return try LowerEncoder(
            try EncoderConfiguration(model.configuration), weights: weights ?? model, cuts: golden.cuts,
            precision: precision, engine: CPUEngine(threads: threads))
    }

    @Test(arguments: goldens) func waveformsAreNormalisedAlike(_ name: String) throws {
        let golden = try Golden(directory, name)
        let normalises = try #require(try golden.model().preprocessor).bool("do_normalize")
        for utterance in 0..<golden.utteranceCount {
            let waveform = try golden.floats("utterance.\(utterance).waveform")
            let found = normalises ? Waveform.normalised(waveform) : waveform
            #expect(deviation(found, from: try golden.floats("utterance.\(utterance).normalised")) <= 1e-6)
        }
    }

    @Test(arguments: goldens, [1, 2]) func everyCutInFloat32(_ name: String, threads: Int) throws {
        let golden = try Golden(directory, name), encoder = try encoder(golden, .float32, threads: threads)
        for utterance in 0..<golden.utteranceCount {
            let states = encoder.downloadedHiddenStates(of: try golden.floats("utterance.\(utterance).normalised"))
            #expect(states.count == golden.cuts.count)
            for cut in golden.cuts {
                let expected = try golden.floats("utterance.\(utterance).cut.\(cut)")
                let worst = deviation(try #require(states[cut]), from: expected)
                #expect(worst <= 1e-4, "cut \(cut) deviates by \(worst) of its largest magnitude")
            }
        }
    }

    /// The limits are those of twelve layers; torch's own autocast is up to 4e-2 off.
    @Test(arguments: goldens) func everyCutInBFloat16(_ name: String) throws {
        let golden = try Golden(directory, name), encoder = try encoder(golden, .bfloat16)
        for utterance in 0..<golden.utteranceCount {
            let states = encoder.downloadedHiddenStates(of: try golden.floats("utterance.\(utterance).normalised"))
            for cut in golden.cuts {
                let tensor = "utterance.\(utterance).cut.\(cut)", expected = try golden.floats(tensor)
                let found = try #require(states[cut])
                let worst = deviation(found, from: expected)
                #expect(worst <= 3e-2, "cut \(cut) deviates by \(worst) of its largest magnitude")
                let cosine = smallestCosine(found, expected, columns: golden.file.shape(of: tensor)![1])
                #expect(cosine >= 0.999, "cut \(cut) has a frame with cosine \(cosine)")
            }
        }
    }

    /// The same weights from safetensors and from a PyTorch archive, in both namings of the weight norm: the same bits.
    @Test func bothCheckpointFormatsGiveTheSameBits() throws {
        let golden = try Golden(directory, "stage-one")
        let samples = try golden.floats("utterance.1.normalised")
        let folder = FileManager.default.temporaryDirectory.appending(path: "undertone-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["config.json", "preprocessor_config.json", "pytorch_model.bin"] {
            try FileManager.default.copyItem(
                atPath: "\(directory)/wav2vec2-tiny/\(name)", toPath: folder.appending(path: name).path)
        }
        let fromArchive = try encoder(golden, .float32, weights: try Checkpoint.open(folder.path))
        #expect(
            fromArchive.downloadedHiddenStates(of: samples)
                == (try encoder(golden, .float32).downloadedHiddenStates(of: samples)))
    }

    /// Frames do not depend on what else the engine computes at the same time.
    @Test func neighboursDoNotChangeABit() async throws {
        let golden = try Golden(directory, "stage-one"), encoder = try encoder(golden, .float32)
        let waveforms = try (0..<3).map { try golden.floats("utterance.\($0).normalised") }
        let alone = waveforms.map { encoder.downloadedHiddenStates(of: $0) }
        let together = await withTaskGroup { group in
            for round in 0..<4 {
                for (index, waveform) in waveforms.enumerated() {
                    group.addTask { (index, round, encoder.downloadedHiddenStates(of: waveform)) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(together.count == 12)
        for (index, _, states) in together { #expect(states == alone[index]) }
    }

    /// The comparator itself: a zeroed, permuted or NaN tensor is found.
    @Test func comparatorFindsWrongTensors() throws {
        let right = try Golden(directory, "stage-one").floats("utterance.1.cut.9")
        var broken = right
        broken[7] = .nan
        #expect(deviation(right, from: right) == 0)
        #expect(deviation(right.map { _ in 0 }, from: right) > 1e-2)
        #expect(deviation(right.reversed(), from: right) > 1e-2)
        #expect(deviation(broken, from: right) == .infinity)
        #expect(smallestCosine(right.map { _ in 0 }, right, columns: 40) == -.infinity)
        #expect(smallestCosine(right.reversed(), right, columns: 40) < 0.999)
        #expect(smallestCosine(broken, right, columns: 40) == -.infinity)
    }
}
