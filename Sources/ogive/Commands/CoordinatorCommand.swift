internal import ArgumentParser
internal import FoundationEssentials
internal import Logging
internal import OgiveCoordinator
internal import OgiveCore
internal import OgiveStore
internal import OgiveTransport

/// `ogive coordinator CONFIG`: serves all submitted runs to whatever workers come.
struct CoordinatorCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Serve all submitted runs of a database to workers.",
        discussion: """
            Reads `database` and `coordinator` of the configuration and runs until SIGTERM
            or SIGINT. One coordinator leads a database at a time; others stand by, and
            one of them takes over when the leader ends or its term expires.

            To be reached from other machines it needs keys: see `ogive keys --help`.
            `coordinator.http` of the configuration serves metrics and health.

            Example: ogive coordinator config/vllm.yaml
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(
        inversion: .prefixedNo,
        help: "Wait while another coordinator leads; otherwise end when it is alive.")
    var standby = true

    @Option(help: .hidden)
    var onlyRun: String?

    @Flag(help: .hidden)
    var followParent = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func run() async throws {
        let configuration = try file.load()
        defer { LogSetup.finish(configuration.log) }
        let logger = LogSetup.logger("coordinator", configuration.log)
        let monitoring = try Monitoring(
            configuration.coordinator.http, role: "coordinator",
            checks: ["schema", "leadership", "keys"], logger)
        try await DatabaseSession.withStore(configuration) { store, _ in
            monitoring.readiness.note("schema", isReady: true, "is this program's")
            let security = try configuration.coordinator.security(logger)
            let transport = try ZeroMQCoordinatorTransport(
                listen: configuration.coordinator.listen, security: security, logger: logger)
            let systemd = monitoring.systemd
            systemd.status("asks to lead; stands by while another coordinator does")
            var settings = CoordinatorConfiguration(name: Executable.processName)
            settings.limits = configuration.coordinator.limits
            settings.pollInterval = configuration.coordinator.pollInterval
            settings.drainMax = configuration.coordinator.drainTimeout
            settings.termExpiry = configuration.coordinator.termExpiry
            settings.renewInterval = configuration.coordinator.renewInterval
            settings.standbyInterval = min(.seconds(1), settings.renewInterval)
            settings.standsBy = standby
            settings.onlyRun = onlyRun
            let (leading, announcement) = AsyncStream.makeStream(of: Void.self)
            let (serving, opening) = AsyncStream.makeStream(of: Void.self)
            let way = configuration.coordinator.key == nil ? "address" : "keys"
            monitoring.readiness.note("keys", isReady: true, "are tested when it leads")
            let service = CoordinatorService(
                configuration: settings, transport: transport, store: store, time: .machine,
                logger: logger, metrics: monitoring.metrics, pulse: monitoring.pulse,
                readiness: monitoring.readiness
            ) {
                monitoring.readiness.note("keys", isReady: false, "are being tested")
                announcement.finish()
                // Nobody is served before it is known that unknown clients are kept out.
                try await transport.selfTest()
                logger.info("unknown clients are kept out", metadata: ["by": "\(way)"])
                monitoring.readiness.note(
                    "keys", isReady: true, "unknown clients are kept out by \(way)")
                opening.finish()
            }
            // The address is open only while this one leads: workers find the one that does.
            let socket = GatedService(SideService { try await transport.run() }) {
                for await _ in leading {}
                try Task.checkCancellation()
            }
            let announcer = SideService {
                let bound: String
                do throws(TransportError) {
                    bound = try await transport.address()
                } catch {
                    // Never opened: this one never led, or the socket itself says why.
                    return
                }
                let announcement = AddressAnnouncement(configuration.coordinator, bound: bound)
                try announcement.make(key: security?.pair.publicKey, logger)
                systemd.status("leads; listens at \(announcement.address.text)")
                try await ContinuousClock().sleep(until: .now + .seconds(Int64(1) << 40))
            }
            let runs = RunMetrics(store: store, metrics: monitoring.metrics, logger: logger)
            let runner = ServiceRunner(
                services: monitoring.services(showing: runs, from: serving) + [
                    socket, SideService { try await transport.untilUnguarded() }, announcer,
                    service,
                ],
                followsParent: followParent, logger: logger, systemd: systemd)
            try await runner.run()
        }
    }
}

/// Tells people and workers where a coordinator that leads can be reached.
struct AddressAnnouncement {
    /// The address for other machines, without a key.
    let address: CoordinatorAddress
    private let file: AddressFile?
    /// Whether the system chose the port, so that nobody knows it yet.
    private let isChosen: Bool

    /// `bound`: the address that the socket got.
    init(_ settings: CoordinatorSettings, bound: String) {
        address = CoordinatorAddress(
            CoordinatorAddress.shared(bound, host: ProcessInfo.processInfo.hostName))
        file = settings.addressFile.map { AddressFile($0) }
        isChosen = settings.listen.hasSuffix(":*") || settings.listen.hasSuffix(":0")
    }

    /// Logs the address, and writes the file. Throws `TransportError` when it cannot be written.
    func make(key: PublicKey?, _ logger: Logger) throws(TransportError) {
        var address = address
        address.key = key
        logger.log(
            level: isChosen ? .notice : .info, "listening",
            metadata: ["address": "\(address.text)"])
        try file?.write(address)
    }
}
