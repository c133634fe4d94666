import Foundation
import Testing

private let manifest = """
    name: x
    corpus: manifest.csv
    model: random:wav2vec2-tiny?seed=0
    labels: [activation]
    cache: {cuts: [2], shards: 2}
    train: {layers: 2}
    launcher: {slurm: {partition: cpu}}

    """

private func studied() throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(3)
    try folder.write("x.yaml", manifest)
    try folder.writeSlurmStandIns()
    return folder
}

private func submit(_ folder: Scratch, _ more: String..., path: String = "$PWD/bin:$PATH") throws -> Outcome {
    try Program.undertone.run(["submit", "x.yaml"] + more, after: "export PATH=\"\(path)\"", in: folder)
}

@Test func everyJobWaitsForThoseThatItNeeds() throws {
    let folder = try studied()
    let outcome = try submit(folder)
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(
        try folder.read("sbatch.log") == """
            --parsable build/x/slurm/shards.sh
            --parsable --dependency=afterok:11 build/x/slurm/cache.sh
            --parsable --dependency=afterok:12 build/x/slurm/train.sh
            --parsable --dependency=afterok:13 build/x/slurm/report.sh

            """)
    #expect(
        outcome.output == """
            submitted 4 jobs
            job       id  tasks  after
            x:shards  11      2
            x:cache   12         11
            x:train   13      1  12
            x:report  14         13
            look: squeue --jobs=11,12,13,14
            logs: build/x/slurm/log
            stop: scancel 11 12 13 14
            report: build/x/report.html

            """)
    #expect(try folder.read("build/x/slurm/shards.list") == "0\n1\n")
    #expect(folder.exists("build/x/slurm/log") && folder.exists("build/x/runs/seed-0.yaml"))
    #expect(
        try folder.read("build/x/slurm/jobs.csv")
            == "job,name,tasks,after\n11,x:shards,2,\n12,x:cache,,11\n13,x:train,1,12\n14,x:report,,13\n")
}

@Test func whatIsQueuedIsNotSubmittedTwice() throws {
    let folder = try studied()
    try #require(try submit(folder).code == 0)
    let (log, list) = (try folder.read("sbatch.log"), try folder.bytes("build/x/slurm/shards.list"))
    // The next jobs of other people and other folders are no reason.
    try folder.write(
        "queue",
        "11\tRUNNING\t\(folder.path)\tx:shards\n11\tPENDING\t\(folder.path)\tx:shards\n"
            + "12\tPENDING\t\(folder.path)\tx:cache\n99\tRUNNING\t/elsewhere\tx:cache\n")
    // Nor do settings change under running jobs.
    try folder.edit("x.yaml", "train: {layers: 2}", "train: {layers: 2, epochs: 3}")
    let settings = try folder.bytes("build/x/runs/seed-0.yaml")
    let again = try submit(folder)
    #expect(again.code == 0, "\(again.said)")
    #expect(
        again.output == """
            2 jobs of this pipeline are in the queue; nothing was submitted
            x:shards  11  1 pending, 1 running
            x:cache   12  1 pending
            stop: scancel 11 12

            """)
    #expect(try folder.read("sbatch.log") == log)
    #expect(try folder.bytes("build/x/runs/seed-0.yaml") == settings)

    // A submission that was killed before it took down its last job's identifier.
    try folder.write("queue", "57\tRUNNING\t\(folder.path)\tx:train\n")
    let json = try submit(folder, "--json")
    let answer = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(answer["state"] as? String == "queued")
    #expect(try folder.read("sbatch.log") == log)

    // All gone, and nothing done: everything is still missing.
    try folder.write("queue", "99\tRUNNING\t/elsewhere\tx:cache\n")
    #expect(try submit(folder).output.hasPrefix("submitted 4 jobs\n"))
    #expect(try folder.bytes("build/x/slurm/shards.list") == list)
}

@Test func allJobsAreSubmittedOrNone() throws {
    let folder = try studied()
    try folder.write("refused", "train.sh")
    let outcome = try submit(folder)
    #expect(outcome.code == 65)
    #expect(
        outcome.errors == [
            "error: sbatch --parsable --dependency=afterok:12 build/x/slurm/train.sh: sbatch: error: invalid partition "
                + "specified: cpu; mend what it says in the pipeline's launcher, or ask the cluster's people, then run the "
                + "same command again"
        ])
    #expect(try folder.read("scancel.log") == "11 12\n")
}

@Test func aDryRunNeedsNoSlurmAndWritesNothing() throws {
    let folder = try studied()
    let before = folder.names(in: ".")
    let outcome = try submit(folder, "--dry-run", path: "/usr/bin:/bin")
    #expect(outcome.code == 0, "\(outcome.said)")
    #expect(folder.names(in: ".") == before)
    let programs = try Program.undertone.url.deletingLastPathComponent().path
    #expect(outcome.output.hasPrefix("==> build/x/slurm/shards.sh <==\n#!/usr/bin/env bash\n"))
    #expect(outcome.output.contains("\nexport PATH=\(programs):$PATH\n"))
    #expect(
        outcome.output.hasSuffix("report=$(sbatch --parsable --dependency=afterok:$train build/x/slurm/report.sh)\n"))
    // What it prints is what is submitted.
    try #require(try submit(folder).code == 0)
    for name in ["shards.sh", "cache.sh", "train.sh", "report.sh", "shards.list", "train.list"] {
        let text = try folder.read("build/x/slurm/\(name)")
        #expect(outcome.output.contains("==> build/x/slurm/\(name) <==\n\(text)\n==> "), "\(name)")
    }
}

@Test(arguments: [
    ("launcher: {slurm: {partition: cpu}}", "launcher: local", 64, "x.yaml: the pipeline's launcher is not slurm"),
    ("corpus: manifest.csv", "corpus: nowhere.csv", 66, "nowhere.csv: not there, and no job makes it"),
])
func whatCannotBeSubmittedIsSaid(_ old: String, _ new: String, code: Int32, words: String) throws {
    let folder = try studied()
    try folder.edit("x.yaml", old, new)
    let outcome = try submit(folder)
    #expect(outcome.code == code && outcome.said.contains(words), "\(outcome.said)")
    #expect(!folder.exists("sbatch.log"))
}

@Test func withoutSlurmItIsSaidSo() throws {
    let folder = try studied()
    try folder.remove("bin/squeue")
    let outcome = try submit(folder, path: "$PWD/bin")
    #expect(outcome.code == 66, "\(outcome.said)")
    #expect(outcome.said.hasPrefix("error: squeue: cannot be started ("))
    #expect(!folder.exists("sbatch.log"))
}
