package import OgiveCore

/// Puts the scores of an answer in the order of the request.
package enum ScoreReader {
    /// The scores by index. Throws `wrongCount` when their number differs, `malformed` when an
    /// index repeats or was not asked for: which score is whose cannot be known then.
    package static func ordered<Score>(_ entries: [(Int, Score)], count: Int, url: String)
        throws(ModelError) -> [Score]
    {
        var slots = [Score?](repeating: nil, count: count)
        for (index, score) in try counted(entries, count: count, url: url) {
            guard slots.indices.contains(index), slots[index] == nil else {
                throw ModelError(
                    .malformed,
                    "\(url) answered a score for index \(index) twice, or unasked")
            }
            slots[index] = .some(score)
        }
        return slots.compactMap { $0 }
    }

    /// The entries of an answer that comes in the order of the request. Throws `wrongCount` when
    /// their number differs.
    static func counted<Entry>(_ entries: [Entry], count: Int, url: String)
        throws(ModelError) -> [Entry]
    {
        guard entries.count == count else {
            throw ModelError(
                .wrongCount, "\(url) answered \(entries.count) scores instead of \(count)")
        }
        return entries
    }
}
