internal import ArgumentParser
internal import Glibc
internal import Logging
internal import OgiveDashboard
internal import OgiveMetrics
internal import OgiveStore
internal import Postgres

/// `ogive dashboard [CONFIG]`: pages about the runs of a database, for a browser.
struct DashboardCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Show runs, prompts and their curves in a browser.",
        discussion: """
            Serves pages until SIGTERM or SIGINT: runs with their progress, prompts with
            the curve of their rewards, completions, failures, the fleet. It only reads,
            with the rights of ogive_reader where the login has that role, and needs
            neither coordinator nor workers.

            The address is `dashboard.http.listen`, by default 127.0.0.1:9470. From
            another machine: ssh -L 9470:127.0.0.1:9470 HOST, or set a token.

            Examples:
              ogive dashboard config/quickstart.yaml
              ogive dashboard -o dashboard.http.listen=127.0.0.1:8080
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: .hidden)
    var followParent = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        defer { LogSetup.finish(configuration.log) }
        let settings = configuration.dashboard
        guard let http = settings.http else {
            throw CommandError(.configuration, "`dashboard.http.listen` says nowhere")
        }
        let token = try http.bearerToken()
        let logger = LogSetup.logger("dashboard", configuration.log)
        try await DatabaseSession.with(configuration, schema: .required) { session in
            let store = try await DashboardStore.open(
                session.connection, connectionsMax: settings.connections,
                timeout: settings.statementTimeout)
            let result: Result<Void, any Error>
            do {
                try await serve(store, http, token, logger)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            await store.close()
            try result.get()
        }
    }

    private func serve(
        _ store: DashboardStore, _ http: HTTPSettings, _ token: BearerToken?, _ logger: Logger
    ) async throws {
        var mayRead: (@Sendable (String) -> Bool)?
        if let token { mayRead = { token.isShown(inBasicOrBearer: $0) } }
        let place = DashboardServer.Place(
            host: http.listen.host, port: http.listen.port, key: http.key)
        let server = DashboardServer(
            DashboardSite(store), at: place, mayRead: mayRead, logger: logger)
        let listen = http.listen
        // Of a run's outputs, the standard one is the run's own.
        let descriptor = followParent ? STDERR_FILENO : STDOUT_FILENO
        let runner = ServiceRunner(
            services: [
                SideService {
                    try await server.run { port in
                        let host = listen.host.contains(":") ? "[\(listen.host)]" : listen.host
                        Output.show("dashboard: http://\(host):\(port)/", on: descriptor)
                    }
                }
            ], followsParent: followParent, logger: logger)
        try await runner.run()
    }
}
