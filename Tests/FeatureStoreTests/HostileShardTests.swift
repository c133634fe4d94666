import CHDF5
import Foundation
import Testing

@testable import FeatureStore

/// Shards that are sound HDF5 and lie: see also `Fuzz/Sources/fuzz-index`.
@Suite struct HostileShardTests {
    /// HDF5's `H5F_ACC_RDWR`, a macro that Swift does not see.
    private let readWrite: UInt32 = 1

    /// Puts a dataset of this extent, without storage behind it, in the place of another.
    private func forge(_ path: String, _ name: String, extent: [Int], type: hid_t) throws {
        let file = try Hdf5Handle(.file) { H5Fopen(path, readWrite, ut_h5p_default()) }
        _ = try hdf5 { H5Ldelete(file.id, name, ut_h5p_default()) }
        let sizes = extent.map { hsize_t($0) }
        let space = try Hdf5Handle(.dataspace) { H5Screate_simple(Int32(sizes.count), sizes, nil) }
        _ = try Hdf5Handle(.dataset) {
            H5Dcreate2(file.id, name, type, space.id, ut_h5p_default(), ut_h5p_default(), ut_h5p_default())
        }
    }

    /// An extent costs nothing to claim: a file of some kilobytes made the reader take gigabytes before it saw that
    /// there was nothing to read.
    @Test(arguments: ["offset", "id", "crc32c/9"])
    func columnsLongerThanTheFileAreRefused(column: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s.h5")
        _ = try writeShard(path, layout: oneCut(.float16), count: 3)
        let type = column == "id" ? H5Tcopy(ut_h5t_c_string()) : H5Tcopy(ut_h5t_int64())
        try forge(path, "utterances/\(column)", extent: [1 << 30], type: type)
        let error = #expect(throws: StoreError.self) { try ShardReader(path: path) }
        #expect("\(try #require(error))".contains("claims 1073741824 times"))
    }

    @Test func rowsThatTheFileCannotHoldAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("s.h5")
        let written = try writeShard(path, layout: oneCut(.float32), count: 3)
        let rowCount = written.reduce(0) { $0 + $1.entry.frameCount }
        try forge(path, "frames/9", extent: [rowCount, 1 << 19], type: ut_h5t_float32())
        let error = #expect(throws: StoreError.self) { try ShardReader(path: path) }
        #expect("\(try #require(error))".contains("'rows of cut 9' claims \(rowCount) times 2097152 bytes"))
    }

    /// Written by h5py, the seeds of the shard fuzzer: what a third party makes by the format's description opens.
    @Test(arguments: ["float16.h5", "two.h5", "empty.h5"])
    func opensWhatPythonWrote(name: String) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fuzz/Corpora/shard/\(name)").standardized.path(percentEncoded: false)
        let shard = try ShardReader(path: path)
        #expect(try shard.verify().isEmpty)
    }
}
