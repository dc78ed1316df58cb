internal import OgiveCore

/// Splitting of requests into batches, and of batches that a server refuses.
package enum Batches {
    /// Consecutive parts of at most `sizeMax` elements.
    package static func split<Element>(_ elements: [Element], sizeMax: Int) -> [[Element]] {
        stride(from: 0, to: elements.count, by: max(1, sizeMax)).map { start in
            Array(elements[start..<min(start + max(1, sizeMax), elements.count)])
        }
    }

    /// Scores a batch; when the server refuses it because of some element, or answers it with what
    /// is no answer, halves it until only the elements that fail by themselves are left.
    ///
    /// Servers refuse a whole batch for one over-long text, and one NaN makes a whole answer
    /// unreadable. At most 2·count − 1 requests.
    static func isolatingFaults<Element>(
        of elements: [Element], _ score: ([Element]) async -> [Result<Score, ModelError>]
    ) async -> [Result<Score, ModelError>] {
        let results = await score(elements)
        guard elements.count > 1, results.allSatisfy(concernsBatch) else { return results }
        let middle = elements.count / 2
        let left = await isolatingFaults(of: Array(elements[..<middle]), score)
        let right = await isolatingFaults(of: Array(elements[middle...]), score)
        return left + right
    }

    /// Scores each element by itself, at most `atOnce` at a time; the answers are in order.
    static func each<Element: Sendable>(
        _ elements: [Element], atOnce: Int,
        _ score: @escaping @Sendable (Element) async -> Result<Score, ModelError>
    ) async -> [Result<Score, ModelError>] {
        await withTaskGroup(of: (Int, Result<Score, ModelError>).self) { group in
            var results = [Result<Score, ModelError>](
                repeating: .failure(ModelError(.wrongCount, "not scored")), count: elements.count)
            for (place, element) in elements.enumerated() {
                if place >= max(1, atOnce), let (done, result) = await group.next() {
                    results[done] = result
                }
                group.addTask { (place, await score(element)) }
            }
            for await (done, result) in group { results[done] = result }
            return results
        }
    }

    private static func concernsBatch(_ result: Result<Score, ModelError>) -> Bool {
        guard case .failure(let error) = result else { return false }
        return [.promptTooLong, .rejected, .filtered, .malformed, .wrongCount].contains(error.code)
    }
}
