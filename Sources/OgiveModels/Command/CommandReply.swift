internal import FoundationEssentials
internal import OgiveCore

/// One line from the scoring subprocess: `{"id", "reward"}` or `{"id", "error"}`.
struct CommandReply: Decodable {
    var id: Int
    var reward: Double?
    var error: String?

    /// Reads a line. JSON5 is allowed because Python writes `NaN` and `Infinity`, which are to be
    /// told from a line that is broken.
    static func read(_ line: ArraySlice<UInt8>) throws(ModelError) -> CommandReply {
        do {
            let decoder = JSONDecoder()
            decoder.allowsJSON5 = true
            return try decoder.decode(CommandReply.self, from: Data(line))
        } catch {
            let start = String(decoding: line.prefix(200), as: UTF8.self)
            throw ModelError(
                .malformed,
                "the scoring command wrote a line that is not {\"id\", \"reward\"} or "
                    + "{\"id\", \"error\"}: `\(start)`; "
                    + "let it write everything else to standard error")
        }
    }

    /// What it says of its item.
    var result: Result<Double, ModelError> {
        if let error {
            return .failure(
                ModelError(.rejected, "the scoring command reports: \(error.prefix(500))"))
        }
        guard let reward else {
            return .failure(
                ModelError(.malformed, "the scoring command gave neither reward nor error"))
        }
        guard reward.isFinite else {
            return .failure(
                ModelError(.notFinite, "the scoring command gave the reward \(reward)"))
        }
        return .success(reward)
    }
}
