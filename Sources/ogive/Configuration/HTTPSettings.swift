internal import OgiveMetrics

/// Where a process serves metrics and health: the section `http` of `coordinator` or `worker`.
struct HTTPSettings: Hashable, Sendable {
    /// The address.
    var listen: ListenAddress
    /// The path of the key that names the address.
    var key: String
    /// What a reader of the pages has to show.
    var token: SecretReference?

    /// Reads the section. `port` is that of the default address.
    init?(from section: ConfigurationSection, port: Int) {
        let standard = "127.0.0.1:\(port)"
        let text = section.text(
            "listen", default: standard,
            "ADDRESS:PORT, in digits; without a token, only 127.0.0.1 or [::1]")
        token = section.secret(
            "token", file: "token_file", "the token that a reader has to show",
            example: "${OGIVE_HTTP_TOKEN}", fileExample: "http.token")
        key = section.path(of: "listen")
        guard let address = ListenAddress(text) else {
            section.report(
                "listen", "must be an address and a port, not \(section.quoted("listen", text))",
                hint: "write for example `\(standard)` or `[::1]:\(port)`; names are not resolved")
            return nil
        }
        if !address.isLoopback, token == nil {
            section.report(
                "listen", "is an address that other machines can reach, and there is no token",
                hint: "set `token: ${NAME}` or `token_file` beside it, or listen on 127.0.0.1")
        }
        listen = address
    }

    /// The override that gives the worker of a number, counted from 1, a port of its own: the first
    /// one has that of the file. `nil` where there is no such port.
    func override(forWorker number: Int) -> [String]? {
        guard number > 1 else { return [] }
        return listen.advanced(by: number - 1).map { ["-o", "worker.http.listen=\"\($0)\""] }
    }

    /// The token, read now. Throws `.configuration` where it cannot be one.
    func bearerToken() throws(CommandError) -> BearerToken? {
        guard let reference = token else { return nil }
        let text = try reference.value(in: Environment.current)
        guard let token = BearerToken(text) else {
            throw CommandError(
                .configuration,
                "\(reference.key): a token has at least \(BearerToken.charactersMin) characters, "
                    + "all of them ASCII and none a space (\(reference.place)); make one with "
                    + "`openssl rand -hex 32`")
        }
        return token
    }
}

extension ConfigurationSection {
    /// The section `http`; `nil` if it is not there.
    func http(port: Int) -> HTTPSettings? {
        optional("http", "serve /metrics, /healthz and /readyz over HTTP; off without this section")
        { HTTPSettings(from: $0, port: port) } ?? nil
    }
}
