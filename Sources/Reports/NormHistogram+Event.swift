import Files
import Foundation
import Runs

extension NormHistogram {
    /// As TensorFlow's `HistogramProto`: the bins' upper ends, and how many norms each holds.
    /// - Source: tensorflow/core/framework/summary.proto.
    var histogram: ProtobufMessage {
        let first = Double(firstBin)
        func edge(_ index: Int) -> Double { pow(10, (first + Double(index)) / Self.binsPerDecade) }
        // What is nothing lies below the first bin.
        let zeros = zeroCount > 0 ? [(edge(0), zeroCount)] : []
        let bins = zeros + counts.enumerated().map { (edge($0.offset + 1), $0.element) }
        var message = ProtobufMessage()
        message.double(1, minimum)
        message.double(2, maximum)
        message.double(3, Double(count))
        message.double(4, sum)
        message.double(5, sumOfSquares)
        message.doubles(6, bins.map(\.0))
        message.doubles(7, bins.map { Double($0.1) })
        return message
    }
}
