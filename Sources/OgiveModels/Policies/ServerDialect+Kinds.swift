internal import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerDialect {
    /// llama.cpp's server. Its defaults come from its command line and are not neutral.
    static var llamaCpp: ServerDialect {
        var dialect = ServerDialect()
        dialect.seedsChoices = true
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repeat_penalty": .integer(1), "typical_p": .integer(1), "top_n_sigma": .integer(-1),
            "xtc_probability": .integer(0), "dry_multiplier": .integer(0), "mirostat": .integer(0),
            "dynatemp_range": .integer(0),
        ]
        // It cuts thoughts out of the text unless told otherwise.
        dialect.chatFields = ["reasoning_format": .text("none")]
        dialect.logProbabilities = .ofModel
        // 0 means no log-probabilities at all.
        dialect.alternatives = 1
        // It continues a turn in chats too, but repeats it in the answer, where it cannot be told
        // from sampled text with certainty.
        dialect.partialTurn = .rendered
        dialect.given = .none(
            "it has no request for that (one for each token would be needed)")
        // In chats with tools it holds the text to a grammar, and takes calls out of it.
        dialect.tools = .rendered
        return dialect
    }

    /// vLLM. A model folder's generation_config.json may hold a repetition penalty.
    static var vLLM: ServerDialect {
        var dialect = ServerDialect()
        dialect.takesWideSeeds = true
        dialect.seedsChoices = true
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repetition_penalty": .integer(1),
        ]
        dialect.logProbabilities = .ofModel
        dialect.tokenIDs = "return_token_ids"
        dialect.given = .promptLogProbabilities
        dialect.partialTurn = .fields([
            "continue_final_message": .flag(true), "add_generation_prompt": .flag(false),
        ])
        // The prompt has the tools, and the answer is the text as sampled.
        dialect.tools = .fields(["tool_choice": .text("none")])
        return dialect
    }

    /// SGLang. All choices of a request share its seed, and are the same text with
    /// `--enable-deterministic-inference`; without it the seed is ignored.
    static var sglang: ServerDialect {
        var dialect = ServerDialect()
        // 0 is refused.
        dialect.topK = Parameter(name: "top_k", off: .integer(-1))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repetition_penalty": .integer(1),
        ]
        dialect.chatFields = ["separate_reasoning": .flag(false)]
        dialect.logProbabilities = .atTemperature
        dialect.partialTurn = .fields(["continue_final_message": .flag(true)])
        // `tool_choice: none` would leave them out of the prompt.
        dialect.tools = .fields([:])
        dialect.given = .generate
        return dialect
    }

    /// Hugging Face's Text Generation Inference. It takes `presence_penalty` + 2 for a repetition
    /// penalty, `model` for the name of an adapter, refuses `top_p: 1`, and ignores `n`.
    static var tgi: ServerDialect {
        var dialect = ServerDialect()
        dialect.takesWideSeeds = true
        dialect.sendsModel = false
        dialect.topP = Parameter(name: "top_p", off: nil)
        dialect.alternatives = nil
        dialect.partialTurn = .trimmed
        dialect.tools = .none("it holds answers to a grammar of the tools")
        dialect.takesFieldsOfTurns = false
        dialect.given = .none("it takes texts, whose tokens need not be those that are sampled")
        return dialect
    }

    /// Ollama by its own endpoints: with OpenAI's, top_k stays at 40, and prompts that are too
    /// long are cut without a word.
    static var ollama: ServerDialect {
        var dialect = ServerDialect()
        dialect.chatPath = "/api/chat"
        dialect.textPath = "/api/generate"
        dialect.answersOneChoice = true
        dialect.parametersField = "options"
        dialect.maxTokens = "num_predict"
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repeat_penalty": .integer(1), "typical_p": .integer(1),
        ]
        dialect.chatFields = ["truncate": .flag(false), "shift": .flag(false)]
        dialect.textFields = dialect.chatFields.merging(["raw": .flag(true)]) { _, new in new }
        dialect.logProbabilities = .none("it leaves out the token that ends a completion")
        dialect.given = .none("it says nothing of the tokens of a prompt")
        dialect.tools = .none("it takes calls of tools out of the text")
        dialect.takesFieldsOfTurns = false
        return dialect
    }

    /// OpenAI's own API, and those that refuse what it does not know.
    static var openAI: ServerDialect {
        var dialect = ServerDialect()
        dialect.chatMaxTokens = "max_completion_tokens"
        dialect.off = ["presence_penalty": .integer(0), "frequency_penalty": .integer(0)]
        dialect.logProbabilities = .none("it leaves out the token that ends a completion")
        dialect.given = .none("its API says nothing of the tokens of a prompt")
        dialect.tools = .fields(["tool_choice": .text("none")])
        return dialect
    }

    /// Any other server with OpenAI's endpoints: it is told more than it may know.
    static var other: ServerDialect {
        var dialect = ServerDialect()
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        return dialect
    }
}
