/// Which reference policy is meant: *what* is sampled, never *where* it is served.
package struct PolicySpec: Hashable, Sendable, Codable {
    /// The adapter that speaks to it.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// Any server with OpenAI-compatible completions.
        case openai
        /// No model: draws from a declared distribution, for tests and capacity planning.
        case synthetic
    }

    /// The API that a prompt is sent to.
    package enum API: String, Sendable, Codable, CaseIterable {
        /// `/v1/chat/completions`: the server applies its chat template.
        case chat
        /// `/v1/completions`: the prompt is sent as plain text.
        case completions
    }

    /// The adapter.
    package var kind: Kind
    /// The model id as the server reports it; for `synthetic` a name of the user's choice.
    package var model: String
    /// A label that tells two versions behind one model id apart; part of the identity.
    package var revision: String?
    /// The API; `nil` lets chats go to `chat` and plain texts to `completions`.
    package var api: API?
    /// How much of log π_ref(y|x) is asked for and stored.
    package var logProbabilities = LogProbabilities.sum
    /// What is sent with each request for draws besides what Ogive sends, as the server calls it.
    package var extraBody: [String: JSONValue]?
    /// The text of the token that ends a completion, where log-probabilities of candidates are
    /// asked for; `nil` takes the one with which the chat template ends a turn.
    package var endToken: String?
    /// The declared distribution when `kind` is `synthetic`.
    package var synthetic: SyntheticSpec?

    /// Names a policy.
    package init(kind: Kind, model: String) {
        self.kind = kind
        self.model = model
    }

    private enum CodingKeys: String, CodingKey {
        case kind, model, revision, api, synthetic
        case logProbabilities = "logprobs"
        case extraBody = "extra_body"
        case endToken = "end_token"
    }
}
