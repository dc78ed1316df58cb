internal import OgiveCore
internal import OgiveModels

/// Where a model is served: at one or more addresses, or by a server that Ogive starts.
struct EndpointConfiguration: Hashable, Sendable {
    /// The servers that run already and all serve the model; none when it is launched.
    var addresses: [EndpointAddress]
    /// The key that the server wants, unless an entry of `endpoints` has its own.
    var apiKey: SecretReference?
    /// What may be asked of each server, unless an entry of `endpoints` says otherwise.
    var limits: EndpointLimits
    /// The file of certificate authorities that are trusted beside the system's.
    var caFile: String?
    /// Longest wait for one answer.
    var requestTimeout: Duration
    /// How the server is started; `nil` when it runs already.
    var launch: ModelServerSpec?

    /// Reads the keys of a section that say *where*. `isRequired`: the adapter speaks HTTP, so
    /// exactly one of `url`, `endpoints` and `launch` must be there; otherwise none may be. With no
    /// `adapter`, because its name is wrong, nothing follows. `timeout` is the default of
    /// `request_timeout`.
    init(
        from section: ConfigurationSection, isRequired: Bool, adapter: String?, timeout: Duration
    ) {
        section.heading(
            "Where. A kind that speaks HTTP needs exactly one of `url`, `endpoints` and `launch`.")
        let urls = section.texts(
            "url",
            "address of a server that runs already, without /v1; or a list for one model",
            example: "http://127.0.0.1:8000", presence: .on)
        let apiKey = section.secret(
            "api_key", file: "api_key_file", "the server's key", example: "${API_KEY}",
            fileExample: "api.key")
        let limits = EndpointLimits(from: section)
        let endpoints = section.sections(
            "endpoints",
            """
            the same servers with settings of their own; other settings come from the section
            """
        ) {
            EndpointAddress(from: $0, otherwise: limits)
        }
        addresses = (urls ?? []).map { EndpointAddress(url: $0, apiKey: apiKey, limits: limits) }
        for var endpoint in endpoints ?? [] {
            endpoint.apiKey = endpoint.apiKey ?? apiKey
            addresses.append(endpoint)
        }
        self.apiKey = apiKey
        caFile = section.filePath(
            "ca_file",
            "certificates (PEM) of authorities that Ogive trusts, besides the system's",
            example: "private-ca.pem")
        self.limits = limits
        requestTimeout = section.duration(
            "request_timeout", default: timeout, in: .milliseconds(100)...(.seconds(86_400)),
            "longest wait for one answer")
        launch = section.optional(
            "launch", "a server that Ogive starts, watches and stops",
            ModelServerSpec.init(from:))
        checkAddresses(section)
        if let adapter { checkPlaces(section, isRequired: isRequired, adapter: adapter) }
    }

    private func checkAddresses(_ section: ConfigurationSection) {
        let key = section.has("endpoints") ? "endpoints" : "url"
        var known: Set<String> = []
        for url in addresses.map(\.url) where !url.isEmpty {
            if !url.hasPrefix("http://"), !url.hasPrefix("https://") {
                section.report(
                    key, "must begin with http:// or https://, not \(section.quoted(key, url))")
            }
            if !known.insert(url).inserted {
                section.report(key, "names \(section.quoted(key, url)) twice")
            }
        }
        if section.has(key), addresses.isEmpty { section.report(key, "must name a server") }
    }

    private func checkPlaces(
        _ section: ConfigurationSection, isRequired: Bool, adapter: String
    ) {
        let places = ["url", "endpoints", "launch"].filter(section.has)
        if places.count > 1 {
            section.report(
                places[0],
                "and \(section.path(of: places[1])) contradict each other",
                hint: "keep `url` or `endpoints` for servers that run already, "
                    + "`launch` for one to be started")
        }
        if isRequired, places.isEmpty {
            section.reading.report(
                "\(section.path) says nowhere where it is served", at: section.place,
                hint: "add `url` for a server that runs already, or `launch` to start one")
        }
        for key in ["url", "endpoints", "launch", "api_key", "api_key_file", "ca_file"]
        where !isRequired && section.has(key) {
            section.report(key, "means nothing when \(section.path(of: "kind")) is \(adapter)")
        }
    }
}
