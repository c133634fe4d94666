import Runs

/// A CCC with its 95 % interval on the scale from −0.2 (or lower) to 1, small enough for a card.
struct IntervalBar {
    var id: String
    var title: String
    var scores: Scores
    var colour: Int

    var svg: String {
        let interval = scores.cccInterval
        let low = min(-0.2, interval?.low ?? 0, scores.ccc.isFinite ? scores.ccc : 0)
        let x = Axis([low, 1], from: 6, to: 254, padded: false)
        var body = """
            <line class="track" x1="6" x2="254" y1="14" y2="14"/>
            <line class="axis" x1="\(unit(x.position(0)))" x2="\(unit(x.position(0)))" y1="7" y2="21"/>
            """
        for (value, anchor) in [(0.0, "middle"), (0.5, "middle"), (1.0, "end")] {
            body +=
                #"<text class="tick" x="\#(unit(x.position(value)))" y="36" text-anchor="\#(anchor)">\#(Format.fixed(value, value == 0.5 ? 1 : 0))</text>"#
        }
        if let interval {
            body +=
                #"<line class="range c\#(colour)" x1="\#(unit(x.position(interval.low)))" x2="\#(unit(x.position(interval.high)))" y1="14" y2="14"/>"#
        }
        if scores.ccc.isFinite {
            body += #"<circle class="mark c\#(colour)" cx="\#(unit(x.position(scores.ccc)))" cy="14" r="6"/>"#
        }
        let range = interval.map { ", 95 % interval \(Format.fixed($0.low, 2)) to \(Format.fixed($0.high, 2))" } ?? ""
        return SVG.figure(
            width: 260, height: 40, kind: "interval", id: id, title: title,
            description: "CCC \(Format.fixed(scores.ccc, 3))\(range)", body: body)
    }
}
