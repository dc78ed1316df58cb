internal import OgiveCore

/// Stored texts that an item of a batch may have too, and the rewards that they have.
///
/// Only texts of equal length are looked at: most differ in it.
struct SharedTexts: Sendable {
    /// The length in bytes of a prompt's text.
    struct Length: Hashable, Sendable {
        let prompt: Int64
        let bytes: Int
    }

    /// A prompt's text.
    struct Text: Hashable, Sendable {
        let prompt: Int64
        let digest: SHA256Digest
    }

    /// Lengths that more than one text of a prompt has.
    var lengths: Set<Length> = []
    /// Stored texts of such lengths.
    var digests: [LandingResult.Key: SHA256Digest] = [:]
    /// The rewards that these texts have.
    var scores: [Text: LandingScore] = [:]

    /// Gives each new reward of a text that has one already the reward that it has. The first one
    /// that came stays, whatever it is: this depends on no content. `draws` and `candidates` stay
    /// in their order.
    func settle(_ draws: inout [LandingReward], _ candidates: inout [LandingReward]) {
        if lengths.isEmpty { return }
        var scores = scores
        let places =
            draws.indices.map { (draws[$0].result.arrival, $0, true) }
            + candidates.indices.map { (candidates[$0].result.arrival, $0, false) }
        for (_, place, isDraw) in places.sorted(by: { $0.0 < $1.0 }) {
            let reward = isDraw ? draws[place] : candidates[place]
            guard let text = text(of: reward) else { continue }
            if let score = scores[text] {
                if isDraw { draws[place].score = score } else { candidates[place].score = score }
            } else {
                scores[text] = reward.score
            }
        }
    }

    /// The text of an item, when another one may have it.
    private func text(of reward: LandingReward) -> Text? {
        let prompt = reward.key.prompt
        if let text = reward.text?.completion?.text {
            guard lengths.contains(Length(prompt: prompt, bytes: text.utf8.count)) else {
                return nil
            }
            return Text(prompt: prompt, digest: SHA256Digest(hashing: text))
        }
        return digests[reward.key].map { Text(prompt: prompt, digest: $0) }
    }
}
