internal import Logging
internal import Metrics
internal import OgiveCore
internal import OgiveMetrics

/// Metrics and health of a process: what its services tell, the pages that show it, if the
/// configuration asks for them, and systemd, if that started the process.
struct Monitoring: Sendable {
    /// What the services count with.
    let metrics: any MetricsFactory
    /// When the event loop progressed.
    let pulse = Pulse()
    /// Whether the process can do its work.
    let readiness: Readiness
    /// Who is told that the event loop goes on, and may be told more.
    let systemd = SystemdNotifier()
    private let listener: HTTPListener?

    /// Prepares it for a process with this role, of which these things have to be so. Throws
    /// `.configuration` where there is no token that should be.
    init(
        _ settings: HTTPSettings?, role: String, checks: [String], _ logger: Logger
    ) throws(CommandError) {
        readiness = Readiness(of: checks)
        guard let settings else {
            metrics = NOOPMetricsHandler.instance
            listener = nil
            return
        }
        let registry = MetricsRegistry()
        Meter(
            label: Metric.buildInfo.name,
            dimensions: [("version", ProgramVersion.text), ("role", role)], factory: registry
        ).set(Int64(1))
        metrics = registry
        let pages = MonitoringPages(
            registry: registry, pulse: pulse, readiness: readiness,
            token: try settings.bearerToken())
        listener = HTTPListener(settings.listen, key: settings.key, pages: pages, logger: logger)
    }

    /// What tells systemd and serves the pages, from the start of the process to its end; no pages
    /// if they are off. `runs` are shown once `start` has ended.
    func services(
        showing runs: RunMetrics? = nil, from start: AsyncStream<Void>? = nil
    ) -> [SideService] {
        let watchdog = SideService { try await systemd.follow(pulse) }
        guard let listener else { return [watchdog] }
        let pages = SideService { try await listener.run() }
        guard let runs, let start else { return [watchdog, pages] }
        let looks = SideService {
            for await _ in start {}
            try Task.checkCancellation()
            try await runs.run()
        }
        return [watchdog, pages, looks]
    }
}
