/// A model's tensors together with the configuration that gives them their meaning.
public protocol ModelSource: TensorSource {
    /// `config.json`.
    var configuration: ConfigurationFile { get }
    /// `preprocessor_config.json`, where the model has one.
    var preprocessor: ConfigurationFile? { get }
}
