import Metrics
import OgiveCore
import Synchronization
import Testing

@testable import OgiveMetrics

@Suite(.timeLimit(.minutes(10))) struct MonitoringPagesTests {
    /// A clock that a test moves.
    private final class ManualTime: Sendable {
        private let moment = Mutex(TimePoint.zero)

        func move(by duration: Duration) { moment.withLock { $0 = $0 + duration } }

        var now: TimePoint { moment.withLock { $0 } }
    }

    private static let secret = "0123456789abcdef-secret"
    private let time = ManualTime()
    private let pulse: Pulse
    private let readiness = Readiness(of: ["schema", "leadership"])

    init() {
        pulse = Pulse(now: { [time] in time.now })
    }

    private func answer(
        _ target: String, method: String = "GET", token: String? = nil, shows: String? = nil,
        accept: String? = nil, hasBody: Bool = false
    ) -> MonitoringPages.Answer {
        let pages = MonitoringPages(
            registry: MetricsRegistry(), pulse: pulse, readiness: readiness,
            token: token.flatMap(BearerToken.init))
        return pages.answer(
            MonitoringPages.Request(
                method: method, target: target, accept: accept, authorization: shows,
                hasBody: hasBody))
    }

    @Test func `A process is healthy as long as its loop goes on`() {
        #expect(answer("/healthz").status == 200)
        pulse.beat()
        time.move(by: MonitoringPages.loopAgeMax - .seconds(1))
        #expect(answer("/healthz").status == 200)
        time.move(by: .seconds(1))
        let page = answer("/healthz")
        #expect(page.status == 503)
        #expect(page.body == "unavailable\nthe event loop progressed 30 s ago\n")
        pulse.beat()
        #expect(answer("/healthz").status == 200)
    }

    @Test func `A process is ready once every check is, and says which is not`() {
        #expect(answer("/readyz").status == 503)
        readiness.note("schema", isReady: true, "is this program's")
        let waiting = answer("/readyz")
        #expect(waiting.status == 503)
        #expect(
            waiting.body == """
                unavailable
                ok schema: is this program's
                not ok leadership: not known yet

                """)
        readiness.note("leadership", isReady: true, "stands by")
        #expect(answer("/readyz").status == 200)
        readiness.note("leadership", isReady: false, "drains")
        #expect(answer("/readyz").status == 503)
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer wrong-token-wrong-token", "Basic \(secret)", secret,
        "Bearer \(secret)x", "Bearer \(secret.dropLast())", "Bearer  \(secret)",
    ])
    func `Metrics are shown to nobody without the token`(shown: String?) {
        let page = answer("/metrics", token: Self.secret, shows: shown)
        #expect(page.status == 401)
        #expect(page.headers["WWW-Authenticate"] == "Bearer realm=\"ogive\"")
        #expect(!page.body.contains("ogive_event_loop"))
    }

    @Test(arguments: ["Bearer \(secret)", "bearer \(secret)"])
    func `Metrics are shown with the token`(shown: String) {
        let page = answer("/metrics", token: Self.secret, shows: shown)
        #expect(page.status == 200)
        #expect(page.body.contains("ogive_event_loop_age_seconds 0\n"))
    }

    @Test func `Probes need no token, and learn one word`() {
        pulse.beat()
        #expect(answer("/healthz", token: Self.secret).body == "ok\n")
        #expect(answer("/readyz", token: Self.secret).body == "unavailable\n")
        let known = answer("/readyz", token: Self.secret, shows: "Bearer \(Self.secret)")
        #expect(known.body.contains("leadership"))
    }

    @Test(arguments: [
        "", "short", "fifteen-letters", "sixteen letters and spaces", "ümlaut-1234567890",
    ])
    func `A token that is short, or that no header can hold, is none`(text: String) {
        #expect(BearerToken(text) == nil)
    }

    @Test func `The page has the format that the client asks for`() {
        let page = answer("/metrics?x=1", accept: "application/openmetrics-text")
        #expect(page.contentType.hasPrefix("application/openmetrics-text; version=1.0.0"))
        #expect(page.body.hasSuffix("# EOF\n"))
        #expect(answer("/metrics").contentType.hasPrefix("text/plain; version=0.0.4"))
    }

    @Test func `Nothing but reading is answered`() {
        #expect(answer("/metrics", method: "HEAD").status == 200)
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "get"] {
            #expect(answer("/metrics", method: method).status == 405)
        }
        #expect(answer("/metrics", hasBody: true).status == 413)
        for target in ["/", "", "/metrics/", "/../metrics", "http://127.0.0.1/metrics", "*"] {
            #expect(answer(target).status == 404)
        }
    }

    @Test(arguments: [
        ("127.0.0.1:9464", true), ("127.8.9.1:0", true), ("[::1]:80", true), ("0.0.0.0:80", false),
        ("[::]:80", false), ("10.0.0.1:80", false), ("[::ffff:127.0.0.1]:80", false),
    ])
    func `It is known which addresses other machines reach`(text: String, isLoopback: Bool) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", "9464", "localhost:9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
        "[127.0.0.1]:80", "127.0.0.1:-1", "127.0.0.1:80:80", "*:80", "tcp://127.0.0.1:80",
    ])
    func `What is no address in digits is refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func `Further workers get the ports above, as long as there are some`() {
        #expect(ListenAddress("127.0.0.1:9465")?.advanced(by: 2)?.description == "127.0.0.1:9467")
        #expect(ListenAddress("[::1]:1")?.advanced(by: 1)?.description == "[::1]:2")
        #expect(ListenAddress("127.0.0.1:65535")?.advanced(by: 1) == nil)
        #expect(ListenAddress("127.0.0.1:0")?.advanced(by: 3)?.port == 0)
    }
}
