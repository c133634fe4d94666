/// A model that needs no files, small enough to be quick in a debug build.
let tinyModel = "random:wav2vec2-tiny?seed=0"

/// An ordinary stage one over `manifest.csv` into `cache`, and whatever else is asked.
func cacheArguments(
    corpus: String = "manifest.csv", model: String = tinyModel, cut: String = "2", out: String = "cache",
    _ more: String...
) -> [String] {
    ["--corpus", corpus, "--model", model, "--cut", cut, "--out", out, "--progress", "plain"] + more
}

/// An ordinary, short stage two from `cache` into `run`, and whatever else is asked.
func trainArguments(cache: String = "cache", out: String = "run", epochs: Int = 2, _ more: String...) -> [String] {
    [
        "--cache", cache, "--out", out, "--set", "labels=[activation]", "--set", "layers=2", "--set",
        "epochs=\(epochs)",
        "--set", "batch.utterances=4", "--threads", "1",
    ] + more
}
