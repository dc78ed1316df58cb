extension String {
    /// At most `bytesMax` bytes of the text, cut between characters and marked where it is cut.
    package func cut(toBytes bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        let mark = "…"
        var end = utf8.index(startIndex, offsetBy: Swift.max(0, bytesMax - mark.utf8.count))
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil {
            end = utf8.index(before: end)
        }
        return String(self[..<end]) + mark
    }
}
