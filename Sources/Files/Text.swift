extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits per byte.
    package var hexadecimal: String {
        var text = ""
        for byte in self { text += String(UInt16(byte) + 256, radix: 16).dropFirst() }
        return text
    }
}

extension String {
    /// The text as a JSON string, quotes included, ASCII only so that every reader agrees on its length.
    package var jsonLiteral: String {
        var literal = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case "\t": literal += "\\t"
            case " "..."~": literal.unicodeScalars.append(scalar)
            default:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            }
        }
        return literal + "\""
    }
}

/// `3.2 MB`, `12.34 GB`: decimal units, as disks are sold.
package func spelledBytes(_ count: Int) -> String {
    let (whole, unit) =
        count < 1_000_000_000 ? ((count + 50_000) / 100_000, "MB") : ((count + 5_000_000) / 10_000_000, "GB")
    let digits = unit == "MB" ? 10 : 100
    let fraction = String(digits + whole % digits).dropFirst()
    return "\(whole / digits).\(fraction) \(unit)"
}
