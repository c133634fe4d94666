import FeatureStore
import Files
import Foundation

extension StageOne {
    /// What a corpus says of itself, in a `corpus.json` beside its manifest, comes into the cache: training looks for it
    /// beside `corpus.csv`. A corpus that says nothing leaves what is there.
    func keepCorpusNote() throws(StoreError) {
        let name = "corpus.json", kept = settings.path(name)
        guard let note = FileManager.default.contents(atPath: PathParts(manifest.path).sibling(name)),
            note != FileManager.default.contents(atPath: kept)
        else { return }
        try writing(as: StoreError.self) { () throws(WriteFailure) in try AtomicFile.write(note, to: kept) }
    }
}
