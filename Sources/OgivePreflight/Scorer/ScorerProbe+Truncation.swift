internal import OgiveCore

extension ScorerProbe {
    /// Words that make a text long.
    private static let filler = " and then we count once more what is there"
    /// Longest completion that is tried, in words.
    private static let wordsMax = 4_096
    /// Words of the filler.
    private static let fillerWords = 9

    /// Whether the end and the beginning of a completion of full length count: of two long texts
    /// that differ in nothing else, a scorer that cuts cannot tell one from the other.
    func truncationFindings(maxTokens: Int) async throws -> [Finding] {
        guard isModel else { return [] }
        let scores = try await score(requests)
        guard let low = scores.indices.min(by: { scores[$0] < scores[$1] }),
            let high = scores.indices.max(by: { scores[$0] < scores[$1] }),
            scores[low] < scores[high]
        else { return [] }
        // A word takes one token or more: this is no longer than a draw may be.
        let words = min(maxTokens * 2 / 3, Self.wordsMax)
        let long = String(repeating: Self.filler, count: max(1, words / Self.fillerWords))
        let ends = [requests[low].completion, requests[high].completion]
        let prompt = requests[high].prompt
        let texts = ends.map { long + " " + $0 } + ends.map { $0 + long }
        let results = await scorer.score(
            texts.map { ScoreRequest(prompt: prompt, completion: $0) })
        let length = "completions of about \(words) words (max_tokens is \(maxTokens))"
        var rewards: [Double] = []
        for result in results {
            switch result {
            case .success(let score): rewards.append(score.reward)
            case .failure(let error) where error.isServerGone: throw error
            case .failure(let error):
                return [
                    Finding(
                        .warning, .scorerTruncation, at: name,
                        "\(length) have no reward: \(error.message)",
                        advice: "serve the scorer with a larger context, or lower "
                            + "`policy.sampling.max_tokens`: such draws become failures")
                ]
            }
        }
        guard rewards.count == 4 else { return [] }
        let blind = [
            rewards[0] == rewards[1] ? "end" : nil, rewards[2] == rewards[3] ? "beginning" : nil,
        ].compactMap(\.self)
        if blind.isEmpty {
            return [
                Finding(.ok, .scorerTruncation, at: name, "\(length) are read from end to end")
            ]
        }
        return [
            Finding(
                .error, .scorerTruncation, at: name,
                "\(length) that differ in their \(blind.joined(separator: " or ")) only have "
                    + "exactly the same reward: the scorer cuts long texts, silently",
                advice: "raise the scorer's truncation length above prompt and max_tokens, or "
                    + "lower `policy.sampling.max_tokens`")
        ]
    }
}
