internal import Glibc
internal import OgiveModels

/// The database: the section `database`.
struct DatabaseConfiguration: Hashable, Sendable {
    /// Where it is.
    enum Location: Hashable, Sendable {
        /// A private PostgreSQL of Ogive's own in this folder.
        case embedded(String)
        /// A server at this address (`postgresql://user@host:port/name`).
        case server(url: String, password: SecretReference?)
    }

    /// Where it is.
    var location: Location
    /// Most connections of one process.
    var connections: Int
    /// Longest wait for a connection.
    var connectTimeout: Duration
    /// Longest time of one statement.
    var statementTimeout: Duration

    /// Whether it is there as far as this machine can tell: an embedded one has its files, or keeps
    /// this user out, as that of another user does.
    var isPresent: Bool {
        guard case .embedded(let folder) = location else { return true }
        // Takes a path and keeps nothing of it.
        return unsafe access(folder + "/data/PG_VERSION", F_OK) == 0 || errno == EACCES
    }

    /// Reads the section.
    init(from section: ConfigurationSection) {
        let embedded = section.filePath(
            "embedded",
            "folder of a private PostgreSQL that Ogive runs itself, for one host at a time",
            example: ".ogive/reference", presence: .on)
        let url = section.text(
            "url", "a server of yours, without password",
            example: "postgresql://ogive@db.example.org:5432/ogive?sslmode=verify-full")
        let password = section.secret(
            "password", file: "password_file", "the password", example: "${PGPASSWORD}",
            fileExample: "db.password")
        connections = section.integer(
            "connections", default: 6, in: 1...100, "most connections of one process")
        connectTimeout = section.duration(
            "connect_timeout", default: .seconds(10), in: .milliseconds(100)...(.seconds(600)),
            "longest wait for a connection")
        statementTimeout = section.duration(
            "statement_timeout", default: .seconds(300), in: .seconds(1)...(.seconds(86_400)),
            "longest time of one statement")
        location =
            embedded.map(Location.embedded) ?? .server(url: url ?? "", password: password)
        check(section, embedded: embedded, url: url)
    }

    private func check(_ section: ConfigurationSection, embedded: String?, url: String?) {
        switch (embedded, url) {
        case (nil, nil):
            section.reading.report(
                "\(section.path) says nowhere where it is", at: section.place,
                hint: "add `embedded: FOLDER` or `url: postgresql://…`",
                kind: .missing(["embedded", "url"].map(section.path(of:))))
        case (.some, .some):
            section.report(
                "embedded", "and \(section.path(of: "url")) contradict each other",
                hint: "keep `embedded` for a private database, `url` for a server of yours")
        case (.some, nil):
            for key in ["password", "password_file"] where section.has(key) {
                section.report(key, "means nothing for an embedded database")
            }
        case (nil, .some(let url)):
            if !url.hasPrefix("postgresql://"), !url.hasPrefix("postgres://") {
                section.report("url", "must begin with postgresql://")
            } else if Self.holdsPassword(url) {
                section.report(
                    "url", "must not hold a password", hint: "use `password` or `password_file`")
            }
        }
    }

    private static func holdsPassword(_ url: String) -> Bool {
        let authority = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        let user = authority.lastIndex(of: "@").map { authority[..<$0] }
        return user?.contains(":") ?? false || url.contains("password=")
    }
}

extension Configuration {
    /// The environment variables that hold a way into the database: no process that needs none
    /// gets them.
    var databaseSecrets: Set<String> {
        var names: Set = ["PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE"]
        if case .server(_, let password) = database?.location,
            case .environment(let name) = password?.source
        {
            names.insert(name)
        }
        return names
    }
}
