/// Where a model is served: at an address, or by a server that Ogive starts.
struct EndpointConfiguration: Hashable, Sendable {
    /// The address without `/v1`; `nil` when the server is launched.
    var url: String?
    /// The key that the server wants.
    var apiKey: SecretReference?
    /// Longest wait for one answer.
    var requestTimeout: Duration
    /// How the server is started; `nil` when it runs already.
    var launch: LaunchConfiguration?

    /// Reads the keys of a section that say *where*. `isRequired`: the adapter speaks HTTP, so
    /// exactly one of `url` and `launch` must be there; otherwise neither may be.
    /// `timeout` is the default of `request_timeout`.
    init(
        from section: ConfigurationSection, isRequired: Bool, adapter: String, timeout: Duration
    ) {
        url = section.text("url")
        apiKey = section.secret("api_key", file: "api_key_file")
        requestTimeout = section.duration(
            "request_timeout", default: timeout, in: .milliseconds(100)...(.seconds(86_400)))
        launch = section.optional("launch", LaunchConfiguration.init(from:))
        check(section, isRequired: isRequired, adapter: adapter)
    }

    private func check(_ section: ConfigurationSection, isRequired: Bool, adapter: String) {
        if let url, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            section.report(
                "url", "must begin with http:// or https://, not \(section.quoted("url", url))")
        }
        if url != nil, section.has("launch") {
            section.report(
                "url", "and \(section.path(of: "launch")) contradict each other",
                hint: "keep `url` for a server that runs already, `launch` for one to be started")
        }
        if isRequired, !section.has("url"), !section.has("launch") {
            section.reading.report(
                "\(section.path) says nowhere where it is served", at: section.place,
                hint: "add `url` for a server that runs already, or `launch` to start one")
        }
        for key in ["url", "launch", "api_key", "api_key_file"]
        where !isRequired && section.has(key) {
            section.report(key, "means nothing when \(section.path(of: "kind")) is \(adapter)")
        }
    }
}
