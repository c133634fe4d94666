import FeatureStore
import Files

/// What a file in a cache's folder is, told by its name.
public enum CacheFile: Sendable, Hashable {
    /// `shard-00003.h5`
    case shard(Int)
    /// `shard-00003.h5.segment-000000`: what an unfinished run has computed of a shard.
    case segment(shard: Int)
    /// `shard-00003.h5.damaged`, as `Salvage` names it.
    case setAside
    /// A file that is being written, or was when its process died.
    case temporary
    case other

    public init(name: String) {
        if TemporaryName.isTemporary(name) {
            self = .temporary
            return
        }
        guard name.hasPrefix("shard-"), let end = name.firstRange(of: ".h5") else {
            self = .other
            return
        }
        let file = String(name[..<end.upperBound])
        guard let number = Int(file.dropFirst("shard-".count).dropLast(".h5".count)), number >= 0,
            ShardLayout.fileName(shard: number) == file
        else {
            self = .other
            return
        }
        switch name[end.upperBound...] {
        case "": self = .shard(number)
        case let rest where rest.hasPrefix(".segment-"): self = .segment(shard: number)
        case let rest where rest.hasPrefix(Salvage.suffix): self = .setAside
        default: self = .other
        }
    }
}
