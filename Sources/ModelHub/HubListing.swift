import Checkpoints
import Faults
import Files
import Foundation

/// What the hub says of a repository at a revision: `GET /api/models/<repository>/revision/<revision>?blobs=true`.
///
/// - Source: huggingface_hub's `HfApi.model_info` and `RepoSibling`.
struct HubListing: Decodable {
    struct File: Decodable {
        struct Large: Decodable {
            var sha256: String
            var size: Int
        }

        var rfilename: String
        var size: Int?
        /// Of git: SHA-1 over `blob <size>\0` and the content; of a large file, over the pointer that stands for it.
        var blobId: String?
        var lfs: Large?

        /// Nil where a mirror does not say.
        var digest: ExpectedDigest? {
            lfs.flatMap { ExpectedDigest(hexadecimal: $0.sha256) } ?? blobId.flatMap(ExpectedDigest.init)
        }

        var byteCount: Int? { lfs?.size ?? size }
    }

    private struct Card: Decodable {
        var license: String?

        enum CodingKeys: CodingKey { case license }

        init(from decoder: any Decoder) throws {
            // A model with several licences has a list there; its tags have them too.
            license = try? decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .license)
        }
    }

    /// The commit.
    var sha: String
    var siblings: [File]
    private var cardData: Card?
    private var tags: [String]?

    var licence: String? {
        let tag = tags?.first { $0.hasPrefix("license:") }.map { String($0.dropFirst("license:".count)) }
        return cardData?.license ?? tag
    }

    /// - Throws: `HubError.listing` with the key at fault.
    static func parse(_ data: Data, repository: String) throws(HubError) -> HubListing {
        let listing: HubListing
        do {
            listing = try JSONDecoder().decode(HubListing.self, from: data)
        } catch {
            let mistake = JSONMistake(error)
            throw .listing(
                repository: repository, problem: mistake.key.map { "\($0) \(mistake.problem)" } ?? mistake.problem)
        }
        guard HubName.isRevision(listing.sha), !listing.sha.contains("/") else {
            throw .listing(repository: repository, problem: "sha is '\(printable(listing.sha))', expected a commit")
        }
        return listing
    }

    subscript(name: String) -> File? { siblings.first { $0.rfilename == name } }

    /// What is needed of the repository: the configuration, the preprocessor's where there is one, and the weights or, of
    /// weights in several files, their index.
    ///
    /// - Throws: `HubError.noModel`.
    func chosen(repository: String) throws(HubError) -> (files: [File], index: File?) {
        func missing(_ names: [String]) -> HubError {
            .noModel(repository: repository, lookedFor: names, found: siblings.map(\.rfilename).sorted())
        }
        guard let configuration = self["config.json"] else { throw missing(["config.json"]) }
        guard let weights = Checkpoint.weightFileNames.lazy.compactMap({ self[$0] }).first else {
            throw missing(Checkpoint.weightFileNames)
        }
        let files = [configuration, self["preprocessor_config.json"], weights].compactMap(\.self)
        return (files, weights.rfilename.hasSuffix(".index.json") ? weights : nil)
    }

    /// The files that an index names.
    ///
    /// - Throws: `HubError.listing` where it is no index, or names what the repository does not have.
    func shards(index: Data, name: String, repository: String) throws(HubError) -> [File] {
        struct Index: Decodable {
            var weight_map: [String: String]
        }
        guard let map = try? JSONDecoder().decode(Index.self, from: index).weight_map, !map.isEmpty else {
            throw .listing(repository: repository, problem: "\(name) has no weight_map, from tensor names to files")
        }
        var files: [File] = []
        for name in Set(map.values).sorted() {
            // A plain name that the listing has cannot lead out of the folder.
            guard let file = self[name], !name.contains("/"), !name.hasPrefix(".") else {
                throw .listing(repository: repository, problem: "no file '\(printable(name))', which its index names")
            }
            files.append(file)
        }
        return files
    }
}
