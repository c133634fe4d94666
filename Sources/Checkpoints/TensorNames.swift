/// The one name under which a tensor is known, whatever wrote the file.
enum TensorNames {
    /// What a speech encoder of any family consists of, at its top.
    private static let components: Set<Substring> = [
        "feature_extractor", "feature_projection", "encoder", "adapter", "masked_spec_embed",
    ]

    /// PyTorch's weight norm changed its names in 2.0; the older ones are canonical, as in the published checkpoints.
    private static let suffixes = [
        (".parametrizations.weight.original0", ".weight_g"), (".parametrizations.weight.original1", ".weight_v"),
    ]

    /// A model with a head on top has its encoder under the family's name: `wav2vec2.encoder…`, `data2vec_audio.encoder…`
    /// and `encoder…` are the same tensor, whatever the family is called. Heads (`lm_head.weight`, `classifier.weight`)
    /// keep their names, so that they can be listed as ignored.
    static func canonical(_ stored: String) -> String {
        var name = stored[...]
        let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.count > 1, components.contains(parts[1]) { name = name.dropFirst(parts[0].count + 1) }
        for (other, canonical) in suffixes where name.hasSuffix(other) {
            return name.dropLast(other.count) + canonical
        }
        return String(name)
    }
}
