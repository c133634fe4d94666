/// The one name under which a tensor is known, whatever wrote the file.
enum TensorNames {
    /// The families' prefixes in models with a head on top: `wav2vec2.encoder…` and `encoder…` are the same tensor.
    /// Heads have none (`lm_head.weight`, `classifier.weight`) and keep their names, so that they can be listed as
    /// ignored.
    private static let prefixes = ["wav2vec2.", "hubert.", "wavlm.", "data2vec_audio."]

    /// PyTorch's weight norm changed its names in 2.0; the older ones are canonical, as in the published checkpoints.
    private static let suffixes = [
        (".parametrizations.weight.original0", ".weight_g"), (".parametrizations.weight.original1", ".weight_v"),
    ]

    static func canonical(_ stored: String) -> String {
        var name = stored[...]
        if let prefix = prefixes.first(where: { name.hasPrefix($0) }) { name = name.dropFirst(prefix.count) }
        for (other, canonical) in suffixes where name.hasSuffix(other) {
            return name.dropLast(other.count) + canonical
        }
        return String(name)
    }
}
