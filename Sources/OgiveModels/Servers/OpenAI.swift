internal import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerKind {
    /// OpenAI's API, and hosted ones that take its parameters only.
    package static let openAI: ServerKind = {
        var kind = ServerKind(name: "OpenAI", yamlName: "openai")
        kind.address = "https://api.openai.com"
        kind.listsModels = false
        kind.namesModels = false
        kind.dialect = .openAI
        kind.finishReasons = hostedFinishReasons
        kind.errors.contextLength = [ErrorSign("maximum context length")]
        kind.errors.statuses = hostedErrors
        return kind
    }()

    /// Any other server with OpenAI's endpoints.
    package static let other: ServerKind = {
        var kind = ServerKind(name: "openai-compatible", yamlName: "other")
        kind.namesModels = false
        kind.dialect = .other
        return kind
    }()

    /// Words of hosted APIs, as gateways pass them on.
    private static let hostedFinishReasons: [String: FinishReason.Meaning] = [
        "stop": .ended(.stop), "eos": .ended(.stop), "stop_sequence": .ended(.stop),
        "end_turn": .ended(.stop), "end": .ended(.stop),
        "length": .ended(.length), "max_tokens": .ended(.length),
        "max_output_tokens": .ended(.length), "max_length": .ended(.length),
        "model_length": .ended(.length),
        "aborted": .givenUp, "cancelled": .givenUp, "canceled": .givenUp, "error": .givenUp,
        "content_filter": .filtered, "safety": .filtered, "recitation": .filtered,
        "blocklist": .filtered, "prohibited_content": .filtered, "spii": .filtered,
        "refusal": .filtered, "guardrail_intervened": .filtered,
        "tool_calls": .toolCall, "tool_call": .toolCall, "tool_use": .toolCall,
        "function_call": .toolCall,
    ]

    private static let hostedErrors = [
        "insufficient_quota": 402, "insufficient_credits": 402, "payment_required": 402,
        "billing_hard_limit_reached": 402, "billing_not_active": 402,
        "rate_limit_exceeded": 429, "rate_limit_error": 429, "too_many_requests": 429,
        "overloaded": 503, "overloaded_error": 503, "service_unavailable": 503,
        "invalid_api_key": 401, "authentication_error": 401, "permission_error": 403,
        "model_not_found": 404, "not_found_error": 404, "context_length_exceeded": 400,
        "invalid_request_error": 400, "content_filter": 400, "content_policy_violation": 400,
    ]
}

extension ServerDialect {
    /// What it does not know is refused.
    fileprivate static var openAI: ServerDialect {
        var dialect = ServerDialect()
        dialect.chatMaxTokens = "max_completion_tokens"
        dialect.off = ["presence_penalty": .integer(0), "frequency_penalty": .integer(0)]
        dialect.logProbabilities = .none("it leaves out the token that ends a completion")
        dialect.given = .none("its API says nothing of the tokens of a prompt")
        dialect.tools = .fields(["tool_choice": .text("none")])
        return dialect
    }

    /// It is told more than it may know.
    fileprivate static var other: ServerDialect {
        var dialect = ServerDialect()
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        return dialect
    }
}
