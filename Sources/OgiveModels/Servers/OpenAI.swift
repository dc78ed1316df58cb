internal import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerDialect {
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
