/// How many tokens the results of a run can have taken: budgets count what workers say, so that a
/// count that cannot be so is refused.
///
/// A server may count much that nobody else sees: its chat template, end tokens, bytes of a text
/// that its tokenizer normalises to several. So the bounds are several times what servers report,
/// and follow from the specification and the texts alone. A worker leaves out or lowers what is
/// beyond them before it sends it (`possible`): a count that makes no sense costs no result.
package struct TokenBounds: Hashable, Sendable {
    /// Most tokens of a byte: a tokenizer that normalises (NFKC) makes eleven of one, at most.
    static let perByte = 16
    /// Most tokens that a server adds to a text of its own: chat template, system text, tools.
    static let template = 16_384
    /// Most tokens of a completion that are neither in its text nor within `max_tokens`.
    static let uncounted = 256
    /// Most tokens that one request reads, whatever is in it, and where its texts are not known.
    static let most = 1 << 22
    /// Larger limits of a specification are no limits.
    private static let limitMax = 1 << 30

    /// Most tokens of a completion, as the specification says.
    private let maxTokens: Int
    /// Bytes that each request to the policy brings beside the prompt.
    private let extraBytes: Int
    /// Requests to scorers for one completion.
    private let scorings: Int
    /// Bytes of what all of them bring beside prompt and completion.
    private let rubricBytes: Int
    /// Most tokens that all of them write.
    private let written: Int

    /// The bounds of a specification.
    package init(_ spec: RunSpec) {
        let sampling = spec.scoring.sampling
        maxTokens = min(max(0, sampling.parameters.maxTokens), Self.limitMax)
        extraBytes = sampling.policy.extraBody.map { CanonicalJSON.encode($0).count } ?? 0
        let scorer = spec.scoring.scorer
        var (scorings, rubricBytes, written) = (0, 0, Self.uncounted)
        for part in scorer.parts.isEmpty ? [scorer] : scorer.parts.map(\.scorer) {
            guard case .judge(let judge) = part.kind else {
                scorings += 1
                continue
            }
            let samples = min(max(1, judge.samples), JudgeSpec.samplesMax)
            scorings += samples
            rubricBytes +=
                samples * (judge.prompt.utf8.count + (judge.system?.utf8.count ?? 0))
            written +=
                samples * (min(max(0, judge.maxTokens), Self.limitMax) + Self.uncounted)
        }
        self.scorings = scorings
        self.rubricBytes = rubricBytes
        self.written = written
    }

    /// Most tokens of a completion whose text has so many bytes.
    func completion(textBytes: Int) -> Int { maxTokens + textBytes + Self.uncounted }

    /// Most tokens that the policy reads for prompt and texts of so many bytes; `nil`: not known.
    func read(bytes: Int?) -> Int {
        guard let bytes, bytes + extraBytes < Self.most else { return Self.most }
        return min(Self.most, Self.template + Self.perByte * (bytes + extraBytes))
    }

    /// Most tokens that the scorer takes for prompt, texts and completion of so many bytes.
    func scoring(bytes: Int?) -> TokenCount {
        TokenCount(
            input: scorings * read(bytes: bytes) + Self.perByte * rubricBytes, output: written)
    }

    /// A count of one of some results that cannot be so, in words; `nil` when there is none. The
    /// prompt, its metadata and the texts of the lease have so many `bytes`; `nil` where nobody
    /// knows.
    func fault(of results: Span<ItemResult>, at index: Int, bytes: Int?) -> String? {
        let textBytes = results[index].completion?.content.byteCount ?? 0
        let read = self.read(bytes: bytes)
        let own = self.completion(textBytes: textBytes)
        let count = max(
            results[index].completion?.tokenCount ?? 0,
            results[index].completion?.tokenIDs?.count ?? 0,
            results[index].completion?.tokenLogProbabilities?.count ?? 0)
        if count > own { return "it says \(count) tokens, and cannot have more than \(own)" }
        if let prompt = results[index].completion?.promptTokenCount, prompt > read {
            return "it says \(prompt) tokens of the prompt, which cannot have more than \(read)"
        }
        let most = TokenCount(input: read, output: own)
        if let spent = results[index].policyTokens, spent.isBeyond(most) {
            return "it says that the policy took \(spent.words), and it cannot take more than "
                + most.words
        }
        guard let spent = results[index].scorerTokens else { return nil }
        let scoring = self.scoring(bytes: bytes.map { $0 + textBytes })
        guard spent.isBeyond(scoring) else { return nil }
        return "it says that the scorer took \(spent.words), and it cannot take more than "
            + scoring.words
    }

    /// The results of a lease without counts that cannot be so: what a server says of a draw is
    /// left out, and what it says of a request of several items is lowered.
    package func possible(_ results: [ItemResult], of lease: Lease) -> [ItemResult] {
        let bytes = lease.prompt.byteCount + lease.prompt.metadata.utf8.count
        var possible = results
        for index in results.indices {
            let text = index < lease.items.count ? lease.items[index].text : nil
            let known = bytes + (text?.utf8.count ?? 0)
            // A copy only where something is wrong.
            guard fault(of: results.span, at: index, bytes: known) != nil else { continue }
            possible[index] = corrected(results[index], bytes: known)
        }
        return possible
    }

    private func corrected(_ result: ItemResult, bytes: Int) -> ItemResult {
        var result = result
        let textBytes = result.completion?.content.byteCount ?? 0
        let read = self.read(bytes: bytes)
        let own = self.completion(textBytes: textBytes)
        if let count = result.completion?.tokenCount, count > own {
            result.completion?.tokenCount = nil
        }
        if let count = result.completion?.promptTokenCount, count > read {
            result.completion?.promptTokenCount = nil
        }
        result.policyTokens = result.policyTokens?.limited(
            to: TokenCount(input: read, output: own))
        result.scorerTokens = result.scorerTokens?.limited(to: scoring(bytes: bytes + textBytes))
        return result
    }
}

extension TokenCount {
    /// Whether one of both is greater.
    fileprivate func isBeyond(_ most: TokenCount) -> Bool {
        input > most.input || output > most.output
    }

    /// The same, or the bounds.
    fileprivate func limited(to most: TokenCount) -> TokenCount {
        TokenCount(input: min(input, most.input), output: min(output, most.output))
    }

    fileprivate var words: String { "\(input) tokens in and \(output) out" }
}
