/// The dashboard: the section `dashboard`.
struct DashboardSettings: Hashable, Sendable {
    /// Where its pages are served; `nil` only where the file says it wrongly.
    var http: HTTPSettings?
    /// Longest time of one of its statements.
    var statementTimeout: Duration
    /// Most connections to the database.
    var connections: Int

    /// Reads the section.
    init(from section: ConfigurationSection) {
        http = section.section("http", "where the pages are served") {
            HTTPSettings(from: $0, port: 9470)
        }
        statementTimeout = section.duration(
            "statement_timeout", default: .seconds(10), in: .milliseconds(100)...(.seconds(3600)),
            "longest time of one of its statements; a page that needs more says so")
        connections = section.integer(
            "connections", default: 4, in: 1...100, "most connections to the database")
    }
}
