import Corpus

/// What the splits of a database are called in a manifest: by their types, and where several are of type test, each by its own name.
struct AudformatSplits {
    private(set) var byId: [String: Split] = [:]
    /// On those that become one.
    private(set) var remarks: [String] = []

    /// - Parameter ids: of `splits`, those that are used.
    /// - Throws: `AdapterError.malformed` for one that is of no known type.
    init(_ ids: [String], _ header: AudformatHeader) throws(AdapterError) {
        for id in ids {
            let type = header.splitTypes[id] ?? ""
            guard let split = Split.spelled(type) ?? Split.spelled(id) else {
                throw .malformed(
                    path: header.path, line: nil,
                    message: "split '\(id)' is of type '\(type)'; expected train, dev or test")
            }
            byId[id] = split
        }
        let byType = byId
        let groups = Dictionary(grouping: byType.keys.sorted()) { byType[$0]! }
        for (split, ids) in groups.sorted(by: { $0.key < $1.key }) where ids.count > 1 {
            let own = ids.compactMap(Self.testSplit), others = Set(groups.keys).subtracting([split])
            if split == .test(""), Set(own).count == ids.count, others.isDisjoint(with: own) {
                for (id, name) in zip(ids, own) { byId[id] = name }
            } else {
                let listed = ids.map { "'\($0)'" }.joined(separator: ", ")
                remarks.append("\(header.path): the splits \(listed) are one in the manifest, \(split)")
            }
        }
    }

    /// `test-1` is `test1`, `clean` is `test-clean`; nil for what no split of a manifest can be called.
    private static func testSplit(_ id: String) -> Split? {
        if case .test(let name)? = Split.spelled(id) { return .test(name) }
        return Split("test-\(id)")
    }
}
