import FoundationEssentials
import OgiveCore
import OgiveModels

/// What a server of each kind answers: its pages, completions in its shape, and refusals of what it
/// refuses. The shapes of llama.cpp and vLLM were recorded; the others' are from their sources and
/// documentation (see Servers.md).
struct DialectServer {
    let kind: ServerKind

    /// A request for draws.
    struct Ask: Decodable {
        struct Options: Decodable {
            var seed: Int
            var top_k: Int?
            var num_predict: Int?
        }
        var model: String?
        var seed: Int?
        var n: Int?
        var top_p: Double?
        var top_k: Int?
        var min_p: Double?
        var presence_penalty: Double?
        var max_tokens: Int?
        var max_completion_tokens: Int?
        var separate_reasoning: Bool?
        var options: Options?
        var truncate: Bool?
        var raw: Bool?
        var reasoning_format: String?
    }

    var script: @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply {
        { request in
            if request.method == "GET" {
                guard let page = pages[request.path] else {
                    return .answer(status: 404, body: #"{"detail":"Not Found"}"#)
                }
                return .json(page)
            }
            if request.path == "/apply-template", kind == .llamaCpp {
                return .json(#"{"prompt":"<rendered>"}"#)
            }
            guard paths.contains(request.path) else {
                return .answer(status: 404, body: #"{"detail":"Not Found"}"#)
            }
            guard let ask = try? JSONDecoder().decode(Ask.self, from: Data(request.body.utf8))
            else { return .answer(status: 400, body: #"{"error":"no JSON"}"#) }
            if let complaint = complaint(ask) {
                return .answer(status: 400, body: #"{"error":{"message":"\#(complaint)"}}"#)
            }
            return .json(answer(ask, isChat: request.path.contains("chat")))
        }
    }

    private var paths: [String] {
        kind == .ollama
            ? ["/api/chat", "/api/generate"] : ["/v1/chat/completions", "/v1/completions"]
    }

    private var pages: [String: String] {
        let plain = #"{"data":[{"id":"tiny-policy","object":"model","owned_by":"o"}]}"#
        switch kind {
        case .llamaCpp:
            return ["/v1/models": plain, "/props": CompletionPolicyTests.llamaProps]
        case .vLLM:
            return [
                "/v1/models": CompletionPolicyTests.vllmModels,
                "/version": #"{"version":"0.32.0"}"#,
            ]
        case .sglang:
            return [
                "/v1/models": CompletionPolicyTests.vllmModels,
                "/get_server_info": #"{"model_path":"/m","version":"0.5.9","tp_size":1,"#
                    + #""enable_deterministic_inference":true,"internal_states":[{}]}"#,
                // A page by that name would not make it a vLLM.
                "/version": #"{"version":"0.5.9"}"#,
            ]
        case .tgi:
            return [
                "/v1/models": plain,
                "/info": #"{"model_id":"tiny-policy","model_sha":"e985","version":"3.3.7","#
                    + #""max_total_tokens":2048,"max_input_tokens":1024,"router":"r"}"#,
            ]
        case .ollama:
            return [
                "/v1/models": plain, "/api/version": #"{"version":"0.31.0"}"#,
                "/api/tags": #"{"models":[{"name":"tiny-policy","digest":"a80c4f"}]}"#,
            ]
        case .other: return ["/v1/models": plain]
        default: return [:]
        }
    }

    /// What the server refuses, or would do wrong without a word.
    private func complaint(_ ask: Ask) -> String? {
        switch kind {
        case .llamaCpp: return ask.n ?? 1 > 2 ? "n must be between 1 and 2" : nil
        case .vLLM: return nil
        case .sglang:
            if ask.top_k == 0 { return "top_k must be -1 (disable) or at least 1, got 0." }
            return ask.n ?? 1 > 1 ? "choices would all be the same" : nil
        case .tgi:
            if ask.model != nil { return "adapter not found" }
            if ask.top_p == 1 { return "`top_p` must be > 0.0 and < 1.0" }
            if ask.presence_penalty != nil { return "a repetition penalty of 2" }
            return ask.n != nil ? "n is ignored" : nil
        case .ollama:
            if ask.options?.top_k != 0 { return "top_k would be 40" }
            return ask.truncate == false ? nil : "prompts would be cut"
        case .openAI:
            if ask.top_k != nil || ask.min_p != nil { return "Unrecognized request argument" }
            return ask.n ?? 1 > 1 ? "seeds of choices are unknown" : nil
        default: return ask.n ?? 1 > 1 ? "seeds of choices are unknown" : nil
        }
    }

    private func answer(_ ask: Ask, isChat: Bool) -> String {
        let seed = ask.seed ?? ask.options?.seed ?? 0
        if kind == .ollama {
            let text = isChat ? #""message":{"content":"s\#(seed)"}"# : #""response":"s\#(seed)""#
            return #"{"model":"tiny-policy",\#(text),"done":true,"done_reason":"stop","#
                + #""eval_count":2}"#
        }
        let logprobs =
            isChat || kind == .llamaCpp
            ? #"{"content":[{"token":"s","logprob":-0.5},{"token":"e","logprob":-0.25}]}"#
            : #"{"tokens":["s","e"],"token_logprobs":[-0.5,-0.25]}"#
        let choices = (0..<(ask.n ?? 1)).map { index in
            let text =
                isChat
                ? #""message":{"role":"assistant","content":"s\#(seed + index)"}"#
                : #""text":"s\#(seed + index)""#
            return #"{"index":\#(index),"finish_reason":"stop",\#(text),"logprobs":\#(logprobs)}"#
        }
        return #"{"model":"tiny-policy","choices":[\#(choices.joined(separator: ","))],"#
            + #""usage":{"completion_tokens":2}}"#
    }
}
