internal import ArgumentParser
internal import Logging
internal import OgiveCoordinator
internal import OgiveCore
internal import OgiveStore
internal import OgiveTransport

/// `ogive coordinator CONFIG`: serves all submitted runs to whatever workers come.
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Serve all submitted runs of a database to workers.",
        discussion: """
            Reads `database` and `coordinator` of the configuration and runs until SIGTERM or
            SIGINT. One coordinator leads a database at a time.

            To be reached from other machines it needs keys: see `ogive keys --help`.

            Example: ogive coordinator config/vllm.yaml
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: .hidden)
    var followParent = false

    func run() async throws {
        let configuration = try file.load()
        let logger = LogSetup.logger("coordinator", configuration.log)
        try await DatabaseSession.withStore(configuration) { store, _ in
            let transport = try ZeroMQCoordinatorTransport(
                listen: configuration.coordinator.listen,
                security: try configuration.coordinator.security(logger), logger: logger)
            var settings = CoordinatorConfiguration(name: Executable.processName)
            settings.limits = configuration.coordinator.limits
            settings.pollInterval = configuration.coordinator.pollInterval
            settings.drainMax = configuration.coordinator.drainTimeout
            let service = CoordinatorService(
                configuration: settings, transport: transport, store: store, time: .machine,
                logger: logger)
            let announcer = SideService {
                let endpoint = try await transport.endpoint()
                logger.info("listening", metadata: ["endpoint": "\(endpoint)"])
                try await ContinuousClock().sleep(until: .now + .seconds(Int64(1) << 40))
            }
            // Nobody is served before strangers are known to be kept out.
            let guarded = GatedService(service) {
                try await transport.selfTest()
                logger.info(
                    "strangers are kept out",
                    metadata: ["by": configuration.coordinator.key == nil ? "address" : "keys"])
            }
            let runner = ServiceRunner(
                services: [
                    SideService { try await transport.run() },
                    SideService { try await transport.untilUnguarded() }, announcer, guarded,
                ],
                followsParent: followParent, logger: logger)
            try await runner.run()
        }
    }
}
