internal import FoundationEssentials
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
                hint: "add `url` for a server that runs already, or `launch` to start one",
                kind: .missing(["url", "endpoints", "launch"].map(section.path(of:))))
        }
        for key in ["url", "endpoints", "launch", "api_key", "api_key_file", "ca_file"]
        where !isRequired && section.has(key) {
            section.report(key, "means nothing when \(section.path(of: "kind")) is \(adapter)")
        }
    }
}

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

extension ModelServerSpec {
    /// Reads a section `launch`. A relative program with a slash belongs to `directory`.
    init(from section: ConfigurationSection) {
        let command = section.texts(
            "command",
            """
            program and arguments. {port}: a free port; {threads}: this server's share of the \
            cores that Ogive may use
            """,
            example: "[vllm, serve, my/model, --port, \"{port}\"]", presence: .required)
        self.init(argv: command ?? [])
        healthPath = section.text(
            "health", default: healthPath, "path that answers 200 once the server is ready")
        startTimeout = section.duration(
            "startup_timeout", default: .seconds(600), in: .seconds(1)...(.seconds(86_400)),
            "longest wait for this answer")
        environment =
            section.names(
                "environment",
                "variables added to the environment; {port} and {threads} as in the command",
                example: "{CUDA_VISIBLE_DEVICES: \"0\", OMP_NUM_THREADS: \"{threads}\"}") ?? [:]
        logFile = section.filePath(
            "log", "file for the server's output", example: "server.log",
            absent: "a temporary file")
        let directory =
            section.filePath(
                "directory", "folder that the server runs in", example: ".",
                absent: "the folder of this file") ?? section.reading.folder
        workingDirectory = directory
        grace = section.duration(
            "stop_timeout", default: .seconds(10), in: .zero...(.seconds(600)),
            "time from SIGINT to SIGKILL")
        restartsMax = section.integer(
            "restarts_max", default: 5, in: 0...1000,
            "most restarts after it was ready once")
        if let program = argv.first, program.contains("/"), !program.hasPrefix("/") {
            argv[0] = "\(directory)/\(program)"
        }
        check(section)
    }

    /// The same server as one of `servers` on this machine.
    func sharing(with servers: Int) -> ModelServerSpec {
        var spec = self
        spec.threads = UsableCores.share(of: servers)
        return spec
    }

    /// What of it is not on this machine, in a sentence that names the keys; `nil` when nothing is
    /// missing. `section` is the path of the section, `source` the file.
    func problem(_ section: String, _ source: String) -> String? {
        let files = FileManager.default
        let directory = workingDirectory ?? "."
        let advice =
            "relative paths belong to the folder of \(source): fix `\(section).directory`, above "
            + "all in a copied file"
        var isFolder = false
        guard files.fileExists(atPath: directory, isDirectory: &isFolder), isFolder else {
            return "\(section).directory is not there: \(directory); \(advice)"
        }
        guard let program = argv.first, program.contains("/"),
            !files.isExecutableFile(atPath: program)
        else { return nil }
        return "\(section).command: there is no program \(program), looked for in "
            + "\(section).directory, \(directory); \(advice)"
    }

    private func check(_ section: ConfigurationSection) {
        if argv.first?.isEmpty ?? true {
            section.reportMissing("command", hint: "write [program, argument, …]")
        } else if !(argv + environment.values).contains(where: { $0.contains("{port}") }) {
            section.report(
                "command", "must contain `{port}`", hint: "Ogive puts a free port in its place")
        }
        if !healthPath.hasPrefix("/") { section.report("health", "must begin with /") }
    }
}
