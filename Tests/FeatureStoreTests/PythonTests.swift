import Foundation
import Testing

@testable import FeatureStore

/// A Python that has h5py: `UNDERTONE_PYTHON`, or `python3` on the path.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["UNDERTONE_PYTHON"], "python3"].compactMap { $0 }
    return candidates.first { (try? run($0, "import h5py, numpy"))?.status == 0 }
}()

private func run(_ python: String, _ program: String, _ arguments: [String] = []) throws -> (
    status: Int32, text: String
) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python, "-c", program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
}

@Suite(.enabled(if: python != nil, "needs a python3 with h5py; set UNDERTONE_PYTHON to one"))
struct PythonTests {
    /// The contract with the world outside: `f['frames/9'][offset[i]:offset[i]+frames[i]]`, nothing but h5py.
    @Test(
        arguments: [(StorageFormat.float16, "float16"), (.bfloat16, "uint16"), (.float32, "float32"), (.int8, "int8")])
    func pythonReadsWhatWasWritten(storage: StorageFormat, dtype: String) throws {
        let folder = try TemporaryFolder()
        var layout = oneCut(storage, hiddenSize: 768)
        (layout.hopSamples, layout.pool) = (640, 2)
        _ = try writeShard(folder.file("s.h5"), layout: layout, count: 30)
        let program = """
            import sys, h5py, numpy as np
            f = h5py.File(sys.argv[1])
            u = f['utterances']
            offset, frames = u['offset'][:], u['frames'][:]
            data = f['frames/9']
            print(data.dtype, data.shape[0], len(u['id']), u['id'].asstr()[7], f.attrs['schema'], f.attrs['hop'], f.attrs['pool'])
            for i in (7, 29):
                rows = data[offset[i]:offset[i] + frames[i]]
                if data.attrs.get('encoding') == b'bfloat16':
                    rows = (rows.astype(np.uint32) << 16).view(np.float32)
                if 'scales' in f:
                    rows = rows * f['scales/9'][offset[i]:offset[i] + frames[i]][:, None]
                print(len(rows), ' '.join(str(x) for x in rows.astype(np.float32)[-1, :3].view(np.uint32)))
            """
        let result = try run(try #require(python), program, [folder.file("s.h5")])
        let reader = try ShardReader(path: folder.file("s.h5"))
        var expected = "\(dtype) \(reader.rowCount) 30 utterance-7 2 640 2\n"
        for row in [7, 29] {
            let last = try reader.readFloats(cut: "9", utterance: row).suffix(768).prefix(3)
            let bits = last.map { String($0.bitPattern) }.joined(separator: " ")
            expected += "\(reader.entries[row].frameCount) \(bits)\n"
        }
        #expect(result.text == expected)
        #expect(result.status == 0)
    }
}
