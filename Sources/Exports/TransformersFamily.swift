/// How transformers names a family's classes and the encoder inside them.
struct TransformersFamily {
    /// Before `Model`, `PreTrainedModel`, `ForSequenceClassification`.
    let className: String
    /// The attribute that holds the encoder, and so the prefix of its tensors.
    let attribute: String

    /// - Parameter modelType: of a family that `EncoderFamily` knows.
    init(_ modelType: String) {
        switch modelType {
        case "hubert": (className, attribute) = ("Hubert", "hubert")
        case "wavlm": (className, attribute) = ("WavLM", "wavlm")
        case "data2vec-audio": (className, attribute) = ("Data2VecAudio", "data2vec_audio")
        default: (className, attribute) = ("Wav2Vec2", "wav2vec2")
        }
    }
}
