/// Splits the draws of a request into requests to the server.
///
/// Choice i of a request `seed: s, n: k` has the seed s + i, so only consecutive indexes can share
/// a request; which they share does not change what is drawn.
package enum DrawGroups {
    /// Ranges of consecutive indexes, each at most `sizeMax` long, in order. `indexes` ascends.
    package static func split(_ indexes: [Int32], sizeMax: Int) -> [ClosedRange<Int32>] {
        var groups: [ClosedRange<Int32>] = []
        for index in indexes {
            if let last = groups.last, last.upperBound < .max, index == last.upperBound + 1,
                last.count < max(1, sizeMax)
            {
                groups[groups.count - 1] = last.lowerBound...index
            } else {
                groups.append(index...index)
            }
        }
        return groups
    }
}
