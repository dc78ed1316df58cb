extension [ItemResult] {
    /// About what they take in memory: their texts, and what each takes without any.
    var byteCount: Int {
        // By index: a loop over the elements would copy each of them, with its text.
        indices.reduce(0) { $0 + self[$1].byteCount }
    }
}

extension ItemResult {
    /// About what a result without texts takes.
    private static let bytesWithout = 512

    fileprivate var byteCount: Int {
        var bytes = Self.bytesWithout + 8 * parts.count
        if let completion {
            bytes += completion.text.utf8.count
            bytes += 4 * (completion.tokenIDs?.count ?? 0)
            bytes += 8 * (completion.tokenLogProbabilities?.count ?? 0)
        }
        if let logProbability {
            bytes += 4 * (logProbability.tokenIDs?.count ?? 0)
            bytes += 8 * (logProbability.tokenValues?.count ?? 0)
        }
        if let failure { bytes += failure.message.utf8.count }
        return bytes
    }
}
