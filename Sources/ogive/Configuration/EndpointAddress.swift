internal import OgiveCore
internal import OgiveModels

/// One of the servers that serve a model: an entry of `endpoints`, or of a list of `url`.
struct EndpointAddress: Hashable, Sendable {
    /// The address without `/v1`.
    var url: String
    /// The key that the server wants.
    var apiKey: SecretReference?
    /// What may be asked of it.
    var limits: EndpointLimits

    /// An address under the settings of the whole section.
    init(url: String, apiKey: SecretReference?, limits: EndpointLimits) {
        self.url = url
        self.apiKey = apiKey
        self.limits = limits
    }

    /// Reads an entry of `endpoints`; what it does not say, the section does.
    init(from section: ConfigurationSection, otherwise common: EndpointLimits) {
        url = section.requiredText(
            "url", "address, without /v1", example: "http://127.0.0.1:8000")
        apiKey = section.secret(
            "api_key", file: "api_key_file", "its key", example: "${API_KEY}",
            fileExample: "api.key")
        limits = EndpointLimits(from: section, otherwise: common)
    }
}

extension EndpointLimits {
    /// Reads the keys that limit what is asked of one server. `common` are the limits of the
    /// section that the server stands in.
    init(from section: ConfigurationSection, otherwise common: EndpointLimits? = nil) {
        let absent = common == nil ? "no limit" : "that of the section"
        let concurrency = section.integer(
            "concurrency", in: 1...4096, "most requests at once to one server", example: "64",
            absent: common == nil ? "no other limit than the worker's" : absent)
        let requests = section.number(
            "requests_per_minute", .positive, "most requests to one server in a minute",
            example: "500", absent: absent)
        let tokens = section.number(
            "tokens_per_minute", .positive,
            "most tokens of one server in a minute, of prompts and of completions",
            example: "200000", absent: absent)
        self.init(
            concurrency: concurrency ?? common?.concurrency,
            requestsPerMinute: requests ?? common?.requestsPerMinute,
            tokensPerMinute: tokens ?? common?.tokensPerMinute)
    }
}
