import Runs

/// A CCC with its 95 % interval on the scale from −0.2 (or lower) to 1, small enough for a card.
struct IntervalBar {
    var id: String
    var title: String
    var scores: Scores
    var colour: Int
    /// Each seed's CCC, where the score is their mean.
    var seeds: [Double] = []

    var svg: String {
        let interval = scores.intervals[.ccc]
        let seeds = seeds.filter(\.isFinite)
        let low = min(-0.2, interval?.low ?? 0, seeds.min() ?? 0, scores.ccc.isFinite ? scores.ccc : 0)
        let x = Axis([low, 1], from: 6, to: 254, padded: false)
        let colour = "c\(self.colour)"
        let zero = x.position(0)
        var parts = [SVG.line("track", (6, 14), (254, 14)), SVG.line("axis", (zero, 7), (zero, 21))]
        for (value, anchor, label) in [(0.0, "middle", "0"), (0.5, "middle", "0.5"), (1.0, "end", "1")] {
            parts.append(SVG.text("tick", (x.position(value), 36), anchor, label))
        }
        if let interval {
            let low = x.position(max(interval.low, x.low))
            parts.append(SVG.line("range \(colour)", (low, 14), (x.position(min(interval.high, 1)), 14)))
        }
        for seed in seeds {
            parts.append(SVG.line("seed \(colour)", (x.position(seed), 7), (x.position(seed), 21)))
        }
        if scores.ccc.isFinite {
            parts.append(#"<circle class="mark \#(colour)" cx="\#(unit(x.position(scores.ccc)))" cy="14" r="6"/>"#)
        }
        let range = interval.map { ", 95 % interval \(Format.fixed($0.low, 2)) to \(Format.fixed($0.high, 2))" } ?? ""
        let each = seeds.isEmpty ? "" : ", seeds \(seeds.map { Format.fixed($0) }.joined(separator: ", "))"
        return SVG.figure(
            width: 260, height: 40, kind: "interval", id: id, title: title,
            description: "CCC \(Format.fixed(scores.ccc, 3))\(range)\(each)", body: parts.joined(separator: "\n"))
    }
}
