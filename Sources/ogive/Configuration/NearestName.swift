/// Finds what was probably meant by a misspelt name.
enum NearestName {
    /// The known name with the smallest edit distance, if that is at most a third of the length
    /// (and at least 2); ties go to the first in order of name.
    static func find(_ name: String, among known: [String]) -> String? {
        let letters = Array(name.lowercased())
        let limit = max(2, letters.count / 3)
        return known.sorted()
            .map { (name: $0, distance: distance(letters, Array($0.lowercased()))) }
            .filter { $0.distance <= limit && $0.distance < $0.name.count }
            .min { $0.distance < $1.distance }?
            .name
    }

    /// The number of letters to insert, delete, replace or swap with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let cost = left[row] == right[column] ? 0 : 1
                var best = min(
                    previous[column] + cost, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}
