internal import OgiveCore

/// Splitting of requests into batches, and of batches that a server refuses.
package enum Batches {
    /// Consecutive parts of at most `sizeMax` elements.
    package static func split<Element>(_ elements: [Element], sizeMax: Int) -> [[Element]] {
        stride(from: 0, to: elements.count, by: max(1, sizeMax)).map { start in
            Array(elements[start..<min(start + max(1, sizeMax), elements.count)])
        }
    }

    /// Scores a batch; when the server refuses it because of some element, halves it until only
    /// the elements that are refused by themselves fail.
    ///
    /// Servers refuse a whole batch for one over-long text. At most 2·count − 1 requests.
    static func isolatingRejection<Element>(
        of elements: [Element], _ score: ([Element]) async -> [Result<Double, ModelError>]
    ) async -> [Result<Double, ModelError>] {
        let results = await score(elements)
        guard elements.count > 1, results.allSatisfy(isRefusal) else { return results }
        let middle = elements.count / 2
        let left = await isolatingRejection(of: Array(elements[..<middle]), score)
        let right = await isolatingRejection(of: Array(elements[middle...]), score)
        return left + right
    }

    private static func isRefusal(_ result: Result<Double, ModelError>) -> Bool {
        guard case .failure(let error) = result else { return false }
        return error.code == .promptTooLong || error.code == .rejected
    }
}
