internal import OgiveCore

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
        url = section.requiredText("url")
        apiKey = section.secret("api_key", file: "api_key_file")
        limits = EndpointLimits(from: section, otherwise: common)
    }
}

extension EndpointLimits {
    /// Reads the keys that limit what is asked of one server.
    init(from section: ConfigurationSection, otherwise common: EndpointLimits = EndpointLimits()) {
        func rate(_ key: String, _ value: Double?) -> Double? {
            let number = section.number(key, default: 0, "more than 0") { $0 > 0 }
            return number > 0 ? number : value
        }
        let number = section.integer("concurrency", default: 0, in: 1...4096)
        self.init(
            concurrency: number > 0 ? number : common.concurrency,
            requestsPerMinute: rate("requests_per_minute", common.requestsPerMinute),
            tokensPerMinute: rate("tokens_per_minute", common.tokensPerMinute))
    }
}
