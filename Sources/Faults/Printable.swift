/// Text out of a file, made fit for one line of an error: control characters escaped, cut where it would fill the
/// screen.
package func printable(_ text: String) -> String {
    let limit = 160
    let escaped = text.unicodeScalars.prefix(limit + 1).map { scalar in
        scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return escaped.count > limit ? escaped.prefix(limit).joined() + "…" : escaped.joined()
}

/// So many names as fit a line, and how many more there are.
package func abbreviated(_ names: [String], limit: Int = 12) -> String {
    let shown = names.prefix(limit).map(printable).joined(separator: ", ")
    return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
}
