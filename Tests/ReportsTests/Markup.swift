/// A page's elements, read as strictly as a page of ours should be written: every element is closed, in order, and attributes are
/// quoted or have no value.
struct Markup {
    struct Element {
        var name: String
        var attributes: [String: String]
    }

    private(set) var elements: [Element] = []
    private(set) var problems: [String] = []

    private static let empty: Set = ["meta", "br", "link", "img", "input", "hr"]
    private static let raw: Set = ["script", "style"]

    init(_ page: String) {
        var open: [String] = []
        var rest = page[...]
        while let start = rest.firstIndex(of: "<") {
            rest = rest[start...]
            guard let end = rest.firstIndex(of: ">") else {
                problems.append("unclosed tag: \(rest.prefix(40))")
                break
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!") { continue }
            if tag.hasPrefix("/") {
                let name = String(tag.dropFirst())
                if open.popLast() != name { problems.append("</\(name)> after \(elements.last?.name ?? "nothing")") }
                continue
            }
            let element = Self.element(tag)
            elements.append(element)
            if tag.hasSuffix("/") || Self.empty.contains(element.name) { continue }
            if Self.raw.contains(element.name), let close = rest.range(of: "</\(element.name)>") {
                rest = rest[close.upperBound...]
                continue
            }
            open.append(element.name)
        }
        if !open.isEmpty { problems.append("not closed: \(open.joined(separator: " "))") }
    }

    private static func element(_ tag: Substring) -> Element {
        let name = String(tag.prefix { $0.isLetter || $0.isNumber })
        let found = tag.dropFirst(name.count).matches(of: #/([A-Za-z-]+)(?:="([^"]*)")?/#)
        return Element(
            name: name,
            attributes: Dictionary(found.map { (String($0.1), String($0.2 ?? "")) }, uniquingKeysWith: { a, _ in a }))
    }

    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
    func values(_ attribute: String) -> [String] { elements.compactMap { $0.attributes[attribute] } }
}
