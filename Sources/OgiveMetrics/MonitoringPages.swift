internal import Metrics
package import OgiveCore

/// The pages of a process: `/metrics`, `/healthz`, `/readyz`.
///
/// With a token, `/metrics` needs it. The other two answer without it in a word, for probes that
/// have no secret; with it, or where none is set, they say why.
package struct MonitoringPages: Sendable {
    /// What is asked for.
    struct Request: Hashable, Sendable {
        /// The method, as it came.
        var method: String
        /// The target, as it came.
        var target: String
        /// The value of `Accept`.
        var accept: String?
        /// The value of `Authorization`.
        var authorization: String?
        /// Whether the request has a body.
        var hasBody = false
    }

    /// What is answered.
    struct Answer: Hashable, Sendable {
        /// The status code.
        var status: Int
        /// The page.
        var body: String
        /// The value of `Content-Type`.
        var contentType = "text/plain; charset=utf-8"
        /// Further headers.
        var headers: [String: String] = [:]
    }

    /// After this long without a beat the event loop counts as hanging.
    package static let loopAgeMax = Duration.seconds(30)

    private let registry: MetricsRegistry
    private let pulse: Pulse
    private let readiness: Readiness
    private let token: BearerToken?
    private let loopAge: Meter

    /// Pages about a process with this event loop and these checks.
    package init(
        registry: MetricsRegistry, pulse: Pulse, readiness: Readiness, token: BearerToken? = nil
    ) {
        self.registry = registry
        self.pulse = pulse
        self.readiness = readiness
        self.token = token
        loopAge = Meter(label: Metric.loopAge.name, factory: registry)
    }

    /// The answer to a request.
    func answer(_ request: Request) -> Answer {
        guard request.method == "GET" || request.method == "HEAD" else {
            return Answer(
                status: 405, body: "only GET and HEAD\n", headers: ["Allow": "GET, HEAD"])
        }
        guard !request.hasBody else {
            return Answer(status: 413, body: "a request has no body here\n")
        }
        let isKnown = token?.isShown(by: request.authorization) ?? true
        let path = request.target.prefix { $0 != "?" }
        switch path {
        case "/metrics": return isKnown ? metrics(request.accept) : Self.unauthorized
        case "/healthz": return health(isKnown)
        case "/readyz": return ready(isKnown)
        default:
            return isKnown
                ? Answer(status: 404, body: "pages: /metrics /healthz /readyz\n")
                : Self.unauthorized
        }
    }

    private static let unauthorized = Answer(
        status: 401, body: "a token is needed: Authorization: Bearer …\n",
        headers: ["WWW-Authenticate": "Bearer realm=\"ogive\""])

    private func metrics(_ accept: String?) -> Answer {
        loopAge.set((pulse.age ?? .zero) / .seconds(1))
        let format = Exposition.Format(accept: accept)
        return Answer(
            status: 200, body: Exposition.page(of: registry, format),
            contentType: format.contentType)
    }

    /// Whether the event loop goes on. The database is not asked: to restart a process because its
    /// database is away would only lose what it knows.
    private func health(_ says: Bool) -> Answer {
        guard let age = pulse.age else { return word(true, says ? "starting" : nil) }
        let isHealthy = age < Self.loopAgeMax
        let reason = "the event loop progressed \(age.components.seconds) s ago"
        return word(isHealthy, says ? reason : nil)
    }

    private func ready(_ says: Bool) -> Answer {
        let checks = readiness.all
        let lines = checks.map { check in
            "\(check.isReady ? "ok " : "not ok ")\(check.name): \(check.state)"
        }
        let isReady = checks.allSatisfy(\.isReady)
        return word(isReady, says ? lines.joined(separator: "\n") : nil)
    }

    private func word(_ isFine: Bool, _ reason: String?) -> Answer {
        let word = isFine ? "ok" : "unavailable"
        return Answer(
            status: isFine ? 200 : 503, body: reason.map { "\(word)\n\($0)\n" } ?? "\(word)\n")
    }
}
