import Corpus
import Foundation
import Testing

@Suite struct SignatureTests {
    /// Formats that libsndfile has not always read, or never: what it is, and what to do.
    @Test(
        arguments: [
            ([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 0], "MP3", "1.1.0"),
            ([0xFF, 0xFB, 0x90, 0x64], "MP3", "1.1.0"),
            (Array("OggS".utf8) + [UInt8](repeating: 0, count: 24) + Array("OpusHead".utf8), "Opus", "1.0.29"),
            ([0xFF, 0xF1, 0x50, 0x80], "AAC", nil),
            ([0, 0, 0, 0x20] + Array("ftypM4A ".utf8), "MPEG-4 audio (AAC or ALAC)", nil),
            ([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66], "Windows Media audio", nil),
            ([0x1A, 0x45, 0xDF, 0xA3], "Matroska or WebM", nil),
            (Array("#!AMR\n".utf8), "AMR", nil),
            (Array("wvpk".utf8), "WavPack", nil),
        ] as [([UInt8], String, String?)])
    func isRecognised(head: [UInt8], name: String, since: String?) throws {
        let signature = try #require(AudioSignature(head: head))
        #expect(signature.name == name && signature.sinceVersion == since)
        #expect(signature.isRead(byVersion: "1.2.2") == (since != nil))
        #expect(!signature.isRead(byVersion: "1.0.28"))
    }

    @Test func versionsAreComparedAsNumbers() throws {
        let signature = try #require(AudioSignature(head: Array("ID3".utf8)))
        #expect(["1.1.0", "1.1.0beta1", "1.10", "2.0"].allSatisfy(signature.isRead(byVersion:)))
        #expect(!["1.0.31", "0.9", ""].contains(where: signature.isRead(byVersion:)))
        #expect(AudioSignature(head: Array("id,path".utf8)) == nil && AudioSignature(head: []) == nil)
    }

    @Test func theErrorSaysWhatToDo() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a.m4a", [0, 0, 0, 0x20] + Array("ftypM4A isomiso2".utf8))
        let error = try #require(#expect(throws: AudioError.self) { try AudioFile.probe(path) })
        #expect(
            message(error, in: folder)
                == "a.m4a: is MPEG-4 audio (AAC or ALAC), which libsndfile does not read; "
                + "convert the recording, such as with ffmpeg -i FILE FILE.flac")
        #expect(
            "\(AudioError.unsupported(path: "a.mp3", format: "MP3", libraryVersion: "1.0.31", sinceVersion: "1.1.0"))"
                == "a.mp3: is MP3, which libsndfile reads from 1.1.0 on and this machine's is 1.0.31; install a newer one, "
                + "or convert the recording, such as with ffmpeg -i FILE FILE.flac")
    }
}
