internal import OgiveCore
internal import Synchronization

/// Tokens at which sampling ends, wherever they stand. A model may have several (Qwen:
/// `<|im_end|>`, `<|endoftext|>`), and no server lists them: whether a token is one is found by
/// making the server sample it.
extension ServerTokenizer {
    private struct Answer: Decodable {
        struct Choice: Decodable { var finish_reason: String? }
        var choices: [Choice]
    }

    /// Most texts that are remembered for a server.
    private static let endingsMax = 4_096
    /// Longest text between the brackets of a special token, in characters.
    private static let markMax = 64

    /// A part of a text that is, among its tokens, one at which sampling ends; `nil` when there is
    /// none.
    func ending(in text: String, _ ids: [Int32]) async throws(ModelError) -> String? {
        for mark in Self.marks(in: text) {
            if let token = try await token(ending: mark), ids.contains(token) { return mark }
        }
        return nil
    }

    /// What looks like a special token: a text in angle brackets without white space.
    static func marks(in text: String) -> [String] {
        // Most texts have none.
        guard text.utf8.contains(UInt8(ascii: "<")), text.utf8.contains(UInt8(ascii: ">")) else {
            return []
        }
        var marks: [String] = []
        var mark: String?
        for character in text {
            if character == "<" {
                mark = "<"
            } else if let begun = mark {
                mark =
                    character.isWhitespace || begun.count > Self.markMax
                    ? nil : begun + String(character)
            }
            guard character == ">", let whole = mark else { continue }
            mark = nil
            if whole.count > 2, !marks.contains(whole) { marks.append(whole) }
        }
        return marks
    }

    private func token(ending mark: String) async throws(ModelError) -> Int32? {
        let key = CanonicalJSON.text([
            "mark": JSONValue.text(mark), "extra": .object(spec.extraBody ?? [:]),
        ])
        if let known = server.endings.withLock({ $0[key] }) { return known }
        var found: Int32?
        let ids = try await tokens(of: mark).ids
        // Some tokenisers put a token for a space in front.
        if ids.count <= 2 {
            for id in ids {
                guard found == nil, try await ends(id) else { continue }
                found = id
            }
        }
        server.endings.withLock { endings in
            if endings.count >= Self.endingsMax { endings.removeAll() }
            endings[key] = .some(found)
        }
        return found
    }

    /// Lets the server sample this token and no other, and sees whether it goes on.
    private func ends(_ id: Int32) async throws(ModelError) -> Bool {
        let path = "/v1/completions"
        var body = spec.extraBody ?? [:]
        body.merge([
            "model": .text(spec.model), "prompt": .text("a"), "max_tokens": .integer(2),
            "temperature": .integer(0), "logit_bias": .object(["\(id)": .integer(100)]),
            "stream": .flag(false),
        ]) { _, new in new }
        let data = try await server.post(path, JSONValue.object(body))
        let url = server.http.url.appending(path)
        let answer = try ServerAnswer.decode(Answer.self, data, url: url)
        return answer.choices.first?.finish_reason == "stop"
    }
}
