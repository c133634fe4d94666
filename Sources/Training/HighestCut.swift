import Runs
import SpeechEncoder

extension TrainConfiguration {
    /// The highest cut that all the layers to be trained lie above.
    /// - Parameter model: names it in the error.
    /// - Throws: `TrainingError.tooManyLayers`.
    public func highestCut(of encoder: EncoderConfiguration, model: String) throws(TrainingError) -> Cut {
        guard layers <= encoder.layerCount else {
            throw .tooManyLayers(layers, model: model, layerCount: encoder.layerCount)
        }
        return .layer(encoder.layerCount - layers)
    }
}
