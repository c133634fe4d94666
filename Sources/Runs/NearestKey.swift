/// The candidate that was most likely meant by `word`, nil where none is near enough to be worth a guess.
package func nearestKey(to word: String, among candidates: [String]) -> String? {
    let word = word.lowercased()
    let ranked = candidates.map { ($0, editDistance(word, $0.lowercased())) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
    guard let (best, distance) = ranked.first else { return nil }
    return distance <= max(2, word.count / 2) && distance < best.count ? best : nil
}

/// Levenshtein's distance: the least number of insertions, deletions and substitutions that turn one into the other.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var row = Array(0...b.count)
    for i in a.indices {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
