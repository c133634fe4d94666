import Runs

/// Successive halving: all trials are trained for a few epochs, the best of them for `eta` times as many, and so on to the
/// full number of epochs. A trial that goes on is resumed from its state, under the learning rates of a full run.
///
/// It is the synchronous form: a rung is decided when all of it is done, so that what goes on depends on scores alone and not
/// on which trial finished first, and an interrupted sweep ends as an undisturbed one.
///
/// Source: Jamieson and Talwalkar 2016, algorithm 1; Li et al. 2020 for rungs in resources of η to the k.
public struct Halving: Sendable, Equatable {
    /// One in so many goes on.
    public var eta = 3
    /// Epochs of the first rung.
    public var minimumEpochs = 1

    public init() {}

    /// How many epochs are done at the end of each rung; the last is all of them.
    public func rungs(of epochs: Int) -> [Int] {
        var rungs: [Int] = []
        var next = minimumEpochs
        while next < epochs {
            rungs.append(next)
            // Epochs are a number of people's making; anything else would overflow.
            next = next.multipliedReportingOverflow(by: eta).partialValue
            if next <= rungs[rungs.count - 1] { break }
        }
        return rungs + [epochs]
    }

    /// How many of `trials` are in a rung, counted from 0: `⌊trials/η^rung⌋`, at least one.
    public func survivors(of trials: Int, in rung: Int) -> Int {
        (0..<rung).reduce(trials) { count, _ in max(1, count / eta) }
    }
}

extension Halving {
    static let keys = ["eta", "min_epochs"]

    init(_ mapping: StrictMapping, epochs: Int) throws(ConfigurationError) {
        try mapping.allowOnly(Self.keys)
        if let value = try mapping.integer("eta", atLeast: 2) { eta = value }
        if let value = try mapping.integer("min_epochs", atLeast: 1) { minimumEpochs = value }
        guard minimumEpochs < epochs else {
            throw mapping.error(
                at: "min_epochs",
                "\(minimumEpochs) is no less than train.epochs, \(epochs): nothing is left to halve; expected fewer, or no "
                    + "halving")
        }
    }
}
