internal import OgiveCore

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
