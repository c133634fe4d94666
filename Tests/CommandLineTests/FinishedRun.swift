import Foundation
import Testing

/// A corpus of twelve, its cache and a short run: what prediction and export begin with.
func finishedRun(
    model: String = tinyModel, cut: String = "2", cache: [String] = [], train: [String] = []
) throws -> Scratch {
    let folder = try Scratch()
    try folder.writeCorpus(12)
    let cached = try Program.cache.run(cacheArguments(model: model, cut: cut) + cache, in: folder)
    try #require(cached.code == 0, "\(cached.said)")
    let trained = try Program.train.run(trainArguments() + train, in: folder)
    try #require(trained.code == 0, "\(trained.said)")
    return folder
}

extension Scratch {
    /// A CSV file's rows by their first cell; no cell of these tests is quoted.
    func table(_ csv: String) -> [String: [String]] {
        let rows = csv.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        return Dictionary(rows.map { (String($0[0]), $0.dropFirst().map(String.init)) }, uniquingKeysWith: { $1 })
    }

    /// What the run itself predicted, as it stands in the file, by id.
    func runPredictions() throws -> [String: String] {
        var predictions: [String: String] = [:]
        for split in ["development", "test"] {
            for (id, cells) in table(try read("run/predictions-\(split).csv")) where id != "id" {
                predictions[id] = cells[2]
            }
        }
        return predictions
    }
}
