import Foundation
import Testing

/// Recordings that come through a pipe.
@Suite struct PredictStreamTests {
    private static let header = 44

    /// A run, and `long.wav` of three and a half seconds and of rising pitch, so that no window is like another.
    private func prepared() throws -> Scratch {
        let folder = try finishedRun()
        let samples = (0..<57_000).map { index in
            let seconds = Double(index) / 16_000
            return Float(0.4 * sin(2 * .pi * (100 + 150 * seconds) * seconds))
        }
        try folder.write("long.wav", Wave(samples: samples).bytes)
        return folder
    }

    private static let predict = ["predict", "--run", "run", "--window", "1", "-"]

    /// Until there is a file `go`, or the program is gone, which is the process that the shell was: a writer that outlived it would keep
    /// open what its end is seen by.
    private static let pause = "until [ -e go ] || [ ! -e long.wav ] || [ ! -e /proc/$$/exe ]; do sleep 0.01; done"

    /// Predicts from a pipe into which so many samples of `long.wav` are written, and the rest once there is a file `go`.
    private func start(pausingAfter samples: Int, in folder: Scratch) throws -> Running {
        let bytes = Self.header + 2 * samples
        return try start(
            writer: "head -c \(bytes) long.wav; \(Self.pause); tail -c +\(bytes + 1) long.wav", in: folder)
    }

    /// What the writer itself says, as that its reader is gone, is not to be taken for the program's word.
    private func start(writer: String, _ more: [String] = [], in folder: Scratch) throws -> Running {
        try Running(
            URL(filePath: "/bin/bash"),
            ["-c", "exec \"$@\" < <({ \(writer); } 2>/dev/null)", "bash", try Program.undertone.url.path]
                + Self.predict + more, in: folder)
    }

    @Test func aRowIsThereAsSoonAsItsWindowIsFull() throws {
        let folder = try prepared()
        let whole = try Program.undertone.run(Self.predict, input: "long.wav", in: folder).output
        let lines = whole.split(separator: "\n").map { "\($0)\n" }
        #expect(lines.count == 8)
        // Two windows, of which the second ends at 1.5 s, and the block in which that lies.
        let running = try start(pausingAfter: 24_000 + 2048, in: folder)
        let first = lines[..<3].joined()
        running.waitUntilPrinted(first)
        #expect(running.printed == first, "before the writer has gone on")
        #expect(running.isRunning)
        try folder.write("go", "")
        let outcome = try running.wait()
        #expect(outcome.code == 0 && outcome.output == whole, "\(outcome.said)")
    }

    @Test func anInterruptedStreamLeavesWholeRows() throws {
        let folder = try prepared()
        let whole = try Program.undertone.run(Self.predict, input: "long.wav", in: folder).output
        let running = try start(pausingAfter: 16_000 + 2048, in: folder)
        running.waitUntilPrinted("\n-,0.0,1.0,")
        // The writer is silent all the while.
        running.send(SIGTERM)
        let outcome = try running.wait()
        #expect(outcome.code == 75, "\(outcome.said)")
        #expect(
            outcome.said
                == "error: interrupted; rows that were printed are whole, the rest is missing; the same command begins anew\n"
        )
        #expect(whole.hasPrefix(outcome.output) && outcome.output.hasSuffix("\n"))
        // The window that was on its way, and none after it.
        #expect((2...3).contains(outcome.output.split(separator: "\n").count), "\(outcome.output)")
    }

    /// A file is whole or not there.
    @Test func anInterruptedFileIsNone() throws {
        let folder = try prepared()
        let running = try start(
            writer: "head -c 40000 long.wav; \(Self.pause); cat long.wav", ["-o", "rows.csv"], in: folder)
        // It has begun: its file is there under a name of its own.
        while running.isRunning, !folder.names(in: "").contains(where: { $0.hasPrefix("rows.csv.partial-") }) {
            usleep(2000)
        }
        running.send(SIGTERM)
        let outcome = try running.wait()
        #expect(outcome.code == 75)
        #expect(
            outcome.said == "error: interrupted; nothing was written to rows.csv; the same command begins anew\n")
        #expect(!folder.names(in: "").contains { $0.hasPrefix("rows.csv") })
    }

    @Test func windowsAsJSONLines() throws {
        let folder = try prepared()
        let rows = try Program.undertone.run(Self.predict, input: "long.wav", in: folder).output
            .split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
        let outcome = try Program.undertone.run(Self.predict + ["--format", "jsonl"], input: "long.wav", in: folder)
        #expect(outcome.code == 0 && rows.count == 7)
        let expected = rows.map {
            "{\"id\": \"-\", \"start\": \($0[1]), \"end\": \($0[2]), \"activation\": \($0[3])}\n"
        }
        #expect(outcome.output == expected.joined())
        for line in outcome.output.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?.count == 4 && object?["activation"] is Double)
        }
    }

    /// Channels are averaged and the rate is changed as in a file, which libsndfile reads.
    @Test(arguments: [(8000, 1), (16_000, 2), (44_100, 2), (48_000, 3)])
    func otherRatesAndChannelsSoundAsInAFile(rate: Int, channels: Int) throws {
        let folder = try finishedRun()
        try folder.write(
            "other.wav", Wave(frames: rate / 2, pitchHz: 140, sampleRateHz: rate, channels: channels).bytes)
        for more in [[], ["--window", "0.2"]] {
            let options = ["predict", "--run", "run"] + more
            let file = try Program.undertone.run(options + ["other.wav"], in: folder)
            let stream = try Program.undertone.run(options + ["-"], input: "other.wav", in: folder)
            #expect(file.code == 0 && stream.code == 0, "\(stream.said)")
            #expect(file.output.contains("\nother.wav,"))
            #expect(stream.output == file.output.replacing("\nother.wav,", with: "\n-,"))
        }
    }

    /// Parts of a file are scored as files that were cut beforehand; windows run over whole files alone.
    @Test func theRowsOfAManifestMayBePartsOfFiles() throws {
        let folder = try prepared()
        let bytes = Array(try folder.bytes("long.wav").dropFirst(Self.header))
        let bounds = [("a", 0.0, 1.25), ("b", 1.0, 2.5), ("c", 2.5, 57_000 / 16_000.0)]
        var rows = ["id,path,split,speaker,activation,start,end"]
        for (id, start, end) in bounds {
            rows.append("\(id),long.wav,test,s,1,\(start),\(id == "c" ? "" : "\(end)")")
            let part = bytes[Int(start * 16_000) * 2..<Int(end * 16_000) * 2]
            var whole = Wave(samples: [Float](repeating: 0, count: part.count / 2)).bytes
            whole.replaceSubrange(Self.header..., with: part)
            try folder.write("\(id).wav", whole)
        }
        try folder.write("parts.csv", rows.map { $0 + "\n" }.joined())
        let parts = try Program.undertone.run(["predict", "--run", "run", "parts.csv"], in: folder)
        let files = try Program.undertone.run(["predict", "--run", "run", "a.wav", "b.wav", "c.wav"], in: folder)
        #expect(parts.code == 0 && files.code == 0, "\(parts.said)")
        #expect(parts.output.split(separator: "\n").count == 4)
        #expect(parts.output == files.output.replacing(".wav,", with: ","))
        #expect(Set(folder.table(parts.output).values).count == 4, "parts that all sound alike prove nothing")
        let windows = try Program.undertone.run(
            ["predict", "--run", "run", "--window", "1", "parts.csv"], in: folder)
        #expect(windows.code == 65 && windows.lines("rejected: ").count == 3, "\(windows.said)")
        #expect(windows.said.contains("rejected: a: is a part of a file, and windows run over whole files"))
    }
}
