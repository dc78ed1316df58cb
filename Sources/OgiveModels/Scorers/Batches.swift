package import OgiveCore

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

/// What a server says a request took. A number that makes no sense is one that is not reported:
/// what is paid for never spoils an answer.
struct ServerUsage: Decodable {
    /// Tokens of the whole request; `nil` where none are reported.
    let tokens: TokenCount?

    private enum Keys: String, CodingKey {
        case prompt_tokens, completion_tokens, total_tokens
    }

    init(from decoder: any Decoder) throws {
        let usage = try? decoder.container(keyedBy: Keys.self)
        func count(_ key: Keys) -> Int? {
            guard let value = try? usage?.decode(Int.self, forKey: key), value >= 0,
                value <= Int32.max
            else { return nil }
            return value
        }
        let output = count(.completion_tokens)
        let input = count(.prompt_tokens) ?? count(.total_tokens).map { max(0, $0 - (output ?? 0)) }
        tokens =
            input == nil && output == nil
            ? nil : TokenCount(input: input ?? 0, output: output ?? 0)
    }

    /// Tokens as a header reports them.
    static func tokens(inHeader text: String?) -> TokenCount? {
        guard let text, let count = Int32(text), count >= 0 else { return nil }
        return TokenCount(input: Int(count))
    }
}

extension [Result<Score, ModelError>] {
    /// The results of one request, with what it took: the scores share it, so that their sum is
    /// exact. Failures carry no tokens.
    func charged(_ tokens: TokenCount?) -> Self {
        guard let tokens else { return self }
        var parts = tokens.split(among: count { (try? $0.get()) != nil }).makeIterator()
        return map { result in
            result.map { score in
                var score = score
                score.tokens = parts.next()
                return score
            }
        }
    }
}
