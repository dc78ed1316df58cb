import FoundationEssentials
import OgiveCore

@testable import OgiveModels

/// Plays vLLM with a tokeniser of one token a byte and a chat template that writes a line end
/// behind each turn.
struct ScriptedTokenizer: Sendable {
    static let (bos, end, user, assistant, lineEnd) = (1, 2, 4, 5, 9)
    /// Special tokens beside those of the template; sampling ends at the first one.
    static let special = ["<eot>": 31, "<think>": 32]

    /// Puts a space in front of every text, as some tokenisers do.
    var addsSpace = false
    /// Lets the template strip what the assistant says.
    var strips = false
    /// Plays SGLang.
    var isSGLang = false
    /// What `/v1/completions` answers to prompts of tokens.
    var answer: @Sendable ([[Int]]) -> ScriptedServer.Reply = Self.faithful

    func reply(_ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        if request.method == "GET" {
            switch request.path {
            case "/v1/models": return .json(CompletionPolicyTests.vllmModels)
            case "/version" where !isSGLang: return .json(#"{"version":"0.32.0"}"#)
            case "/get_server_info" where isSGLang:
                return .json(#"{"version":"0.5.13","model_path":"/m"}"#)
            default: return .answer(status: 404, body: "{}")
            }
        }
        struct Body: Decodable {
            var prompt: JSONValue?
            var messages: [ChatMessage]?
            var tokens: [Int]?
            var add_special_tokens: Bool?
            var add_generation_prompt: Bool?
            var continue_final_message: Bool?
            var skip_special_tokens: Bool?
            var input_ids: [[Int]]?
            var logprob_start_len: Int?
            var logit_bias: [String: Double]?
        }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8)) else {
            return .answer(status: 400, body: "{}")
        }
        switch request.path {
        case "/v1/tokenize" where isSGLang, "/tokenize" where !isSGLang:
            // SGLang knows no whole chats.
            let isAnswered = isSGLang || body.add_generation_prompt ?? true
            let ids =
                if let messages = body.messages {
                    chat(
                        messages, isAnswered: isAnswered && body.continue_final_message != true,
                        isOpen: body.continue_final_message ?? false)
                } else if case .text(let text)? = body.prompt {
                    (body.add_special_tokens ?? true ? [Self.bos] : []) + self.text(text)
                } else { [Int]() }
            let most = isSGLang ? "1000000000000000019884624838656" : "512"
            return .json(#"{"tokens":\#(ids),"count":\#(ids.count),"max_model_len":\#(most)}"#)
        case "/v1/detokenize" where isSGLang, "/detokenize" where !isSGLang:
            if isSGLang, body.skip_special_tokens != false {
                return .answer(status: 400, body: "{}")
            }
            let text = Self.text(of: body.tokens ?? [])
            return .json(CanonicalJSON.text([isSGLang ? "text" : "prompt": text]))
        case "/generate" where isSGLang:
            let start = body.logprob_start_len ?? -1
            let reported = (body.input_ids ?? []).map { Self.reported($0, start) }
            return .json("[\(reported.joined(separator: ","))]")
        default:
            if let wanted = body.logit_bias?.keys.first {
                let reason = wanted == "31" ? "stop" : "length"
                return .json(#"{"choices":[{"index":0,"text":"","finish_reason":"\#(reason)"}]}"#)
            }
            guard case .list(let prompts)? = body.prompt else {
                return .answer(status: 400, body: "{}")
            }
            return answer(prompts.map(Self.ids))
        }
    }

    /// The log-probability of a token is its number, negative, in thousandths.
    static func faithful(_ prompts: [[Int]]) -> ScriptedServer.Reply {
        let choices = prompts.enumerated().map { index, ids in
            let entries = ids.dropFirst().map { #"{"\#($0)":{"logprob":-\#(Double($0) / 1000)}}"# }
            return #"{"index":\#(index),"text":"","prompt_logprobs":["#
                + (["null"] + entries).joined(separator: ",") + "]}"
        }
        return .json(#"{"choices":[\#(choices.joined(separator: ","))]}"#)
    }

    /// What SGLang tells of one text, from token `start` on.
    static func reported(_ ids: [Int], _ start: Int) -> String {
        let entries = ids.enumerated().dropFirst(start).map { place, id in
            "[\(place == start ? "null" : "-\(Double(id) / 1000)"),\(id),null]"
        }
        return #"{"text":"x","output_ids":[7],"meta_info":{"id":"a","prompt_tokens":\#(ids.count),"#
            + #""completion_tokens":1,"cached_tokens":0,"finish_reason":{"type":"length"},"#
            + #""input_token_logprobs":[\#(entries.joined(separator: ","))],"#
            + #""output_token_logprobs":[[-0.5,7,null]]}}"#
    }

    func text(_ text: String) -> [Int] {
        (addsSpace ? [132] : []) + Self.ids(of: text)
    }

    private static func ids(of text: String) -> [Int] {
        for (name, id) in special {
            guard let range = text.firstRange(of: name) else { continue }
            return ids(of: String(text[..<range.lowerBound])) + [id]
                + ids(of: String(text[range.upperBound...]))
        }
        return text.utf8.map { Int($0) + 100 }
    }

    private static func text(of ids: [Int]) -> String {
        let bytes = ids.flatMap { id in
            special.first { $0.value == id }.map { Array($0.key.utf8) }
                ?? [UInt8(clamping: id - 100)]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func chat(_ messages: [ChatMessage], isAnswered: Bool, isOpen: Bool) -> [Int] {
        var ids = [Self.bos]
        for message in messages {
            let isAnswer = message.role == "assistant"
            let content = strips && isAnswer ? message.content.uppercased() : message.content
            ids += [isAnswer ? Self.assistant : Self.user] + content.utf8.map { Int($0) + 100 }
            ids += [Self.end, Self.lineEnd]
        }
        if isAnswered { ids.append(Self.assistant) }
        return isOpen ? ids.dropLast(2) : ids
    }

    private static func ids(_ value: JSONValue) -> [Int] {
        guard case .list(let values) = value else { return [] }
        return values.compactMap { if case .integer(let id) = $0 { Int(id) } else { nil } }
    }
}
