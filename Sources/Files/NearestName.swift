/// The candidate that `name` is most likely a misspelling of, or nil when none is close: differing case, then a prefix,
/// then at most a third of the letters edited.
package func nearestName(to name: String, among candidates: [String]) -> String? {
    let wanted = name.lowercased()
    guard !wanted.isEmpty else { return nil }
    if let same = candidates.first(where: { $0.lowercased() == wanted }) { return same }
    let ranked = candidates.map { (name: $0, distance: editDistance(wanted, $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    if best.distance <= max(1, min(wanted.count, best.name.count) / 3) { return best.name }
    return candidates.first {
        let candidate = $0.lowercased()
        return min(candidate.count, wanted.count) >= 2 && (candidate.hasPrefix(wanted) || wanted.hasPrefix(candidate))
    }
}

/// Edits that turn one text into the other: characters put in, left out, changed, or swapped with their neighbour.
package func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var distance = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, beforeLast[j - 1] + 1) }
            row.append(distance)
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
