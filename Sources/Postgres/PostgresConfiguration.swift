internal import CLibpq
internal import Glibc

/// Where a database is and how to talk to it, with defaults that are safe.
package struct PostgresConfiguration: Sendable, Equatable {
    /// libpq's own keywords and their values, the password among them. Keywords that are not here
    /// have libpq's defaults, which include its environment variables (PGPASSWORD, PGSSLMODE, …).
    package private(set) var keywords: [String: String]
    /// How long connecting may take, with all hosts and authentication.
    package var connectTimeout = Duration.seconds(10)
    /// After how long the server stops a statement.
    package var statementTimeout = Duration.seconds(600)
    /// How much later than the statement timeout, or than a cancellation, the server may answer
    /// before the connection is given up: a live connection need not bring an answer.
    package var grace = Duration.seconds(10)
    /// After how long the server gives up to wait for a lock.
    package var lockTimeout = Duration.seconds(60)
    /// After how long the server ends a session that sits in a transaction without a statement.
    package var idleInTransactionTimeout = Duration.seconds(300)
    /// After how long unacknowledged data means that the server is gone.
    package var tcpTimeout = Duration.seconds(30)
    /// Whether the settings of the session come with the request to connect, which poolers refuse.
    var asksForSettings = true

    /// The version of libpq that this process runs with.
    package static var libraryVersion: String {
        // 150014 is 15.14.
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }

    /// The folder of an embedded server, for people; nil for another server.
    package var folder: String?

    /// Where its disk is, for the person who makes room: the folder, or the server.
    package var diskPlace: String { folder ?? description }

    /// Reads `postgresql://user@host:port/database?…` or `host=… dbname=…`.
    ///
    /// Throws `configuration` when the text is neither or has an unknown keyword.
    package init(_ text: String) throws(PostgresError) {
        keywords = try PostgresConfiguration.parse(text)
    }

    /// Names a server by its unix socket's directory.
    package init(socketDirectory: String, port: Int = 5432, user: String, database: String) {
        keywords = [
            "host": socketDirectory, "port": String(port), "user": user, "dbname": database,
        ]
    }

    /// The password's file: its first line is the password.
    ///
    /// Throws `configuration` when the file cannot be read or is empty.
    package mutating func readPassword(file: String) throws(PostgresError) {
        guard let handle = unsafe fopen(file, "re") else {
            // Sound: strerror gives a text that lives until the next call.
            let reason = unsafe String(cString: strerror(errno))
            throw PostgresError(
                .configuration, "The password file \(file) cannot be read: \(reason).")
        }
        // Sound: this function alone has the handle, and closes it once.
        defer { unsafe fclose(handle) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        // Sound: at most the buffer's size is read into it.
        let count = unsafe fread(&buffer, 1, buffer.count, handle)
        let line = buffer[..<count].prefix { $0 != 10 && $0 != 13 }
        guard !line.isEmpty else {
            throw PostgresError(.configuration, "The password file \(file) is empty.")
        }
        keywords["password"] = String(decoding: line, as: UTF8.self)
    }

    /// The value of one of libpq's keywords; nil is libpq's default.
    package subscript(keyword: String) -> String? {
        get { keywords[keyword] }
        set { keywords[keyword] = newValue }
    }

    /// The database's name.
    package var database: String {
        get { keywords["dbname"] ?? PostgresConfiguration.environment("PGDATABASE") ?? user }
        set { keywords["dbname"] = newValue }
    }

    /// The role that connects.
    package var user: String {
        get {
            keywords["user"] ?? PostgresConfiguration.environment("PGUSER")
                ?? PostgresConfiguration.environment("USER") ?? "(current user)"
        }
        set { keywords["user"] = newValue }
    }

    /// The name that the server shows for the connection.
    package var applicationName: String {
        get { keywords["application_name"] ?? "ogive" }
        set { keywords["application_name"] = newValue }
    }

    /// Whether every host is this machine, so that the connection needs no TLS.
    package var isLocal: Bool {
        let names = host.split(separator: ",", omittingEmptySubsequences: false)
        let addresses = (keywords["hostaddr"] ?? "").split(separator: ",")
        return (names + addresses).allSatisfy { name in
            ["", "localhost", "127.0.0.1", "::1", "[::1]"].contains(name)
                || name.hasPrefix("/") || name.hasPrefix("@")
        }
    }

    private var host: String {
        keywords["host"] ?? PostgresConfiguration.environment("PGHOST") ?? ""
    }
}

extension PostgresConfiguration {
    /// What libpq is given: the keywords with the safe defaults filled in.
    var connectionKeywords: [(String, String)] {
        var all = keywords
        for (keyword, value) in defaults where all[keyword] == nil {
            all[keyword] = value
        }
        // The user's own options come last, so that they win.
        all["options"] =
            asksForSettings ? startupOptions + (all["options"].map { " " + $0 } ?? "") : ""
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private var defaults: [String: String] {
        var defaults = [
            "gssencmode": "disable",
            "target_session_attrs": "read-write",
            "application_name": applicationName,
            "client_encoding": "UTF8",
            "keepalives": "1",
            "keepalives_idle": "15",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            "tcp_user_timeout": String(tcpTimeout.milliseconds),
        ]
        if !isLocal && PostgresConfiguration.environment("PGSSLMODE") == nil {
            defaults["sslmode"] = "verify-full"
        }
        let mode = keywords["sslmode"] ?? defaults["sslmode"] ?? ""
        if mode.hasPrefix("verify-"), let bundle = PostgresConfiguration.systemCertificates {
            defaults["sslrootcert"] = bundle
        }
        return defaults
    }

    private var startupOptions: String {
        settings.map { "-c \($0.name)=\($0.value)" }.joined(separator: " ")
    }

    /// What the server is told of each session.
    var settings: [(name: String, value: String)] {
        [
            ("statement_timeout", "\(statementTimeout.milliseconds)"),
            ("lock_timeout", "\(lockTimeout.milliseconds)"),
            ("idle_in_transaction_session_timeout", "\(idleInTransactionTimeout.milliseconds)"),
            // What the statements need is looked up or counted; without statistics, as after an
            // import, they seem dear, and compiling one takes seconds.
            ("jit", "off"),
        ]
    }

    /// One configuration for each of several hosts, in their order.
    var eachHost: [PostgresConfiguration] {
        func list(_ keyword: String, _ variable: String) -> [String] {
            (keywords[keyword] ?? PostgresConfiguration.environment(variable) ?? "")
                .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let lists = [
            "host": list("host", "PGHOST"), "hostaddr": list("hostaddr", "PGHOSTADDR"),
            "port": list("port", "PGPORT"),
        ]
        let count = lists.values.map(\.count).max() ?? 1
        // libpq refuses lists of different lengths, with the reason; one port is for all hosts.
        let given = lists.filter { $0.value != [""] }
        guard count > 1,
            given.allSatisfy({ $1.count == count || $0 == "port" && $1.count == 1 })
        else { return [self] }
        return (0..<count).map { index in
            var one = self
            for (keyword, list) in given { one.keywords[keyword] = list[index % list.count] }
            return one
        }
    }

    /// The system's certificate bundle, unless the user has one for PostgreSQL.
    private static var systemCertificates: String? {
        if environment("PGSSLROOTCERT") != nil { return nil }
        let own = (environment("HOME") ?? "") + "/.postgresql/root.crt"
        // Sound here and below: the text outlives the call.
        if unsafe access(own, R_OK) == 0 { return nil }
        let bundle = "/etc/ssl/certs/ca-certificates.crt"
        return unsafe access(bundle, R_OK) == 0 ? bundle : nil
    }

    static func environment(_ name: String) -> String? {
        // Sound: the value is copied at once; this process does not change its environment.
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    private static func parse(_ text: String) throws(PostgresError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        // Sound: libpq allocates the message or the options for the caller, who frees them.
        guard let options = unsafe PQconninfoParse(text, &message) else {
            // It may quote the text and with it a password, so only what precedes the first
            // quotation mark is passed on.
            let reason = unsafe message.map { unsafe String(cString: $0) } ?? "no memory"
            unsafe PQfreemem(message)
            let safe = reason.prefix { $0 != "\"" }.trimmed
            throw PostgresError(
                .configuration,
                "The database address cannot be read (\(safe)). Write "
                    + "postgresql://user@host:5432/database or host=… dbname=…")
        }
        // Sound: the list ends with an entry without a keyword and is freed after its last use.
        defer { unsafe PQconninfoFree(options) }
        var keywords: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe keywords[String(cString: keyword)] = unsafe String(cString: value)
            }
            unsafe option += 1
        }
        return keywords
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// Server, port and database, without the password.
    package var description: String {
        let port = keywords["port"] ?? PostgresConfiguration.environment("PGPORT") ?? "5432"
        let shown = host.isEmpty ? (keywords["hostaddr"] ?? "the default socket") : host
        if shown.hasPrefix("/") {
            return "socket \(shown)/.s.PGSQL.\(port), database \"\(database)\""
        }
        return "\(shown):\(port), database \"\(database)\""
    }

    /// As `description`: the password must not reach a log by way of a debugger's text.
    package var debugDescription: String { description }

    /// Shows nothing but the description, for the same reason.
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

extension Duration {
    /// The whole milliseconds in it.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

extension PostgresConfiguration {
    /// The connection as environment variables of libpq's own programs (`psql`, `pg_dump`): a
    /// password never appears among a command's arguments.
    package var environment: [String: String] {
        let names = [
            "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER",
            "dbname": "PGDATABASE", "password": "PGPASSWORD", "passfile": "PGPASSFILE",
            "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
            "sslkey": "PGSSLKEY", "gssencmode": "PGGSSENCMODE", "service": "PGSERVICE",
        ]
        var variables: [String: String] = [:]
        for (keyword, value) in connectionKeywords {
            if let name = names[keyword] { variables[name] = value }
        }
        return variables
    }
}
