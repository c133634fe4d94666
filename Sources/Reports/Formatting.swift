import Foundation

/// Numbers as people read them. A minus sign is a minus sign, and what is not defined is a dash.
enum Format {
    static func fixed(_ value: Double?, _ digits: Int = 3) -> String {
        guard let value, value.isFinite else { return "–" }
        let text = String(format: "%.\(digits)f", value)
        // −0.000 is noise.
        if text.hasPrefix("-"), text.contains(where: { ("1"..."9").contains($0) }) { return "−" + text.dropFirst() }
        return text.hasPrefix("-") ? String(text.dropFirst()) : text
    }

    /// Three significant digits, for quantities of unknown size.
    static func significant(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "–" }
        if value != 0, abs(value) < 1e-3 || abs(value) >= 1e6 {
            let parts = String(format: "%.2e", value).split(separator: "e")
            let mantissa = parts[0].replacing("-", with: "−").replacing(".00", with: "")
            return "\(mantissa)·10\(superscript(Int(parts[1]) ?? 0))"
        }
        return String(format: "%.4g", value).replacing("-", with: "−")
    }

    /// `10⁻⁵`; for powers that need none, the number.
    static func power(of exponent: Int) -> String {
        abs(exponent) < 3 ? significant(pow(10, Double(exponent))) : "10\(superscript(exponent))"
    }

    /// Digits in groups of three, set apart by thin spaces.
    static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        let grouped = digits.enumerated().map { index, digit in
            index > 0 && (digits.count - index) % 3 == 0 ? "\u{202F}\(digit)" : String(digit)
        }
        return (value < 0 ? "−" : "") + grouped.joined()
    }

    /// `1 speaker`, `12 speakers`.
    static func counted(_ value: Int, _ thing: String) -> String {
        "\(count(value)) \(thing)\(value == 1 ? "" : "s")"
    }

    static func millions(_ value: Int) -> String {
        value < 1_000_000 ? count(value) : "\(fixed(Double(value) / 1e6, 1)) M"
    }

    static func bytes(_ value: Int) -> String {
        var amount = Double(value)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if amount < 1024 { return "\(fixed(amount, unit == "B" ? 0 : 1)) \(unit)" }
            amount /= 1024
        }
        return "\(fixed(amount, 1)) TiB"
    }

    static func seconds(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value < 10 { return "\(fixed(value, 2)) s" }
        if value < 120 { return "\(fixed(value, 1)) s" }
        let whole = Int(value.rounded())
        if whole < 7200 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    private static func superscript(_ value: Int) -> String {
        let digits: [Character: Character] = [
            "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
            "9": "⁹",
        ]
        return String(String(value).compactMap { digits[$0] })
    }

    /// Safe as the text or an attribute of an element.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }
}
