import Foundation

/// The folder in which Hugging Face's own tools keep what they fetch; read as it lies, never written.
///
///     models--facebook--wav2vec2-base/refs/main              the commit that `main` was when it was fetched
///     models--facebook--wav2vec2-base/snapshots/<commit>/    config.json, …: links into blobs/
///
/// - Source: huggingface_hub's guide "Understand caching", and its `constants.py` for the variables.
public struct HubCache: Sendable {
    public let folder: String

    /// Where `HF_HUB_CACHE` says; else in `HF_HOME`, in `XDG_CACHE_HOME/huggingface`, in `~/.cache/huggingface`.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? {
            guard let text = environment[name], !text.isEmpty else { return nil }
            return text.hasPrefix("~/") ? NSHomeDirectory() + text.dropFirst() : text
        }
        folder =
            value("HF_HUB_CACHE") ?? value("HF_HOME").map { "\($0)/hub" }
            ?? value("XDG_CACHE_HOME").map { "\($0)/huggingface/hub" }
            ?? "\(value("HOME") ?? NSHomeDirectory())/.cache/huggingface/hub"
    }

    /// Where a model lies that is given as a folder or by its name on the hub. That it is a folder, only opening tells.
    /// - Throws: `CheckpointError.notFetched`, for a name of the hub that is no folder here.
    public static func folder(of model: String) throws(CheckpointError) -> String {
        guard !FileManager.default.fileExists(atPath: model), let name = HubName(model) else { return model }
        let cache = HubCache()
        guard let snapshot = cache.snapshot(of: name) else { throw .notFetched(name, cache: cache.folder) }
        return snapshot
    }

    /// What the hub calls a model, with the commit: as `undertone model fetch` noted it, or as the model's place in such a cache tells.
    ///
    /// - Parameter model: a folder, or a name of the hub.
    /// - Returns: nil where neither says so.
    public static func name(of model: String) -> HubName? {
        guard let place = try? HubCache.folder(of: model) else { return nil }
        if let source = ModelProvenance.read(directory: place),
            let name = HubName("\(source.repository)@\(source.commit)")
        {
            return name
        }
        // A folder of the user's may be a link into the cache.
        let resolved = URL(filePath: place).absoluteURL.resolvingSymlinksInPath().path
        return name(ofSnapshot: place) ?? name(ofSnapshot: resolved)
    }

    private static func name(ofSnapshot place: String) -> HubName? {
        let form = /(?:.*\/)?models--([^\/]+?)--([^\/]+)\/snapshots\/([^\/]+)\/?/
        return place.wholeMatch(of: form).flatMap { HubName("\($0.1)/\($0.2)@\($0.3)") }
    }

    /// The folder of a model's snapshot, nil if there is none.
    ///
    /// Without a revision it is that of `main`, or the only one there is: one fetched by its commit has no branch.
    public func snapshot(of name: HubName) -> String? {
        let model = "\(folder)/models--\(name.organisation)--\(name.model)", snapshots = "\(model)/snapshots"
        let revision = name.revision ?? "main"
        let reference = FileManager.default.contents(atPath: "\(model)/refs/\(revision)")
        let commit = reference.map { String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace } } ?? revision
        if HubName.isRevision(commit), isFolder("\(snapshots)/\(commit)") { return "\(snapshots)/\(commit)" }
        guard name.revision == nil else { return nil }
        let all = ((try? FileManager.default.contentsOfDirectory(atPath: snapshots)) ?? []).map { "\(snapshots)/\($0)" }
        return all.count == 1 && isFolder(all[0]) ? all[0] : nil
    }

    private func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
