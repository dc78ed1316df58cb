internal import Logging
internal import OgiveCore
internal import Synchronization
internal import ZeroMQ

/// Makes a worker's connection, and makes it anew with the next key after a failed handshake.
final class WorkerDialer: Sendable {
    private struct State {
        var plan: ConnectionPlan
        /// The coordinator's key that the socket expects.
        var key: PublicKey?
        var attempts = 0
        /// What was logged last, so that each reason is logged once.
        var logged: String?

        /// When to replace the socket, and what is new for the log.
        mutating func take(
            _ event: ZeroMQSocketEvent, _ number: Int,
            _ text: (ZeroMQSocketEvent, PublicKey?) -> String
        ) -> (delay: Duration?, news: String?) {
            let delay = plan.handle(event, of: number)
            if case .handshakeSucceeded = event { logged = nil }
            guard let obstacle = plan.obstacle else { return (delay, nil) }
            let text = text(obstacle, key)
            defer { logged = text }
            return (delay, logged == text ? nil : text)
        }
    }

    /// Events that wait; more are only repetitions.
    private static let eventsMax = 64

    let settings: ZeroMQChannelConfiguration
    private let address: TransportAddress
    private let security: WorkerSecurity?
    private let options: [ZeroMQOption]
    private let logger: Logger
    private let state: Mutex<State>
    private let events: AsyncStream<(ZeroMQSocketEvent, Int)>

    /// Throws `key` when the coordinator's keys cannot be read.
    init(
        address: TransportAddress, worker: WorkerID, security: WorkerSecurity?,
        configuration: TransportConfiguration, logger: Logger
    ) throws(TransportError) {
        self.address = address
        self.security = security
        self.logger = logger
        options =
            configuration.options + configuration.probes + [
                .routingID(worker.bytes), .immediate(true), .ipv6(address.isIPv6),
                .reconnectInterval(configuration.reconnect),
                .reconnectIntervalMax(configuration.reconnectMax),
            ]
        let key = try security?.coordinatorKeys().first
        if security != nil, key == nil {
            throw TransportError(.key, "no key of the coordinator is given")
        }
        let plan = ConnectionPlan(
            delayFirst: configuration.reconnect, delayMax: configuration.handshakeRetryMax)
        state = Mutex(State(plan: plan, key: key))
        let (events, feed) = AsyncStream.makeStream(
            of: (ZeroMQSocketEvent, Int).self, bufferingPolicy: .bufferingNewest(Self.eventsMax))
        self.events = events
        var settings = ZeroMQChannelConfiguration(
            name: "ogive-dealer", type: .dealer,
            options: options + Self.curve(security, key), addresses: [.connect(address.text)])
        configuration.apply(to: &settings)
        settings.observe = { feed.yield(($0, $1)) }
        self.settings = settings
    }

    /// Why there is no connection, for a person.
    var obstacle: String? {
        state.withLock { state in state.plan.obstacle.map { text($0, state.key) } }
    }

    /// Replaces the channel's socket after failed handshakes, until the task is cancelled.
    func run(_ channel: ZeroMQChannel) async {
        for await (event, number) in events {
            let (delay, news) = state.withLock { $0.take(event, number, text) }
            if let news { logger.warning("\(news)") }
            guard let delay else { continue }
            // Closed meanwhile, or libzmq would go on trying with the same keys.
            channel.reopen(options: options, addresses: [])
            do {
                try await Task.sleep(for: delay)
            } catch {
                return
            }
            channel.reopen(
                options: options + Self.curve(security, nextKey()),
                addresses: [.connect(address.text)])
        }
    }

    /// The key to expect next; the one before when none can be read now.
    private func nextKey() -> PublicKey? {
        let keys: [PublicKey]
        do throws(TransportError) {
            keys = try security?.coordinatorKeys() ?? []
        } catch {
            logger.warning("the coordinator's key cannot be read: \(error.message)")
            keys = []
        }
        return state.withLock { state in
            state.attempts += 1
            if !keys.isEmpty { state.key = keys[state.attempts % keys.count] }
            return state.key
        }
    }

    private static func curve(
        _ security: WorkerSecurity?, _ key: PublicKey?
    ) -> [ZeroMQOption] {
        guard let security, let key else { return [] }
        return [.curveClient(server: key.value, own: security.pair.value)]
    }

    private func text(_ obstacle: ZeroMQSocketEvent, _ key: PublicKey?) -> String {
        guard let pair = security?.pair, let key else {
            return "What listens at \(address) ends the handshake: it may ask for keys; set"
                + " `worker.key` and `worker.coordinator_key`."
        }
        switch obstacle {
        case .refused(400):
            return "The coordinator at \(address) refuses this worker's key \(pair.name) "
                + "(\(pair.publicKey)): authorise it there with `ogive keys authorize"
                + " \(pair.name).pub`."
        case .refused(let status):
            return "The coordinator at \(address) cannot check keys now (status \(status))."
        default:
            return "What listens at \(address) does not prove to be the coordinator with the key"
                + " \(key): check `worker.coordinator_key`, and that the coordinator has keys."
        }
    }
}

/// What a worker does about a connection that does not come about. Pure.
///
/// libzmq connects again by itself while nobody listens; after a failed handshake the socket is
/// made anew, because libzmq gives up after a refusal and would use the same keys for ever.
struct ConnectionPlan {
    /// Why there is no connection, while there is none.
    private(set) var obstacle: ZeroMQSocketEvent?
    private let delayFirst: Duration
    private let delayMax: Duration
    private var delay: Duration
    /// The socket whose events count: those of a replaced one come late and say nothing.
    private var socket = 1

    init(delayFirst: Duration, delayMax: Duration) {
        self.delayFirst = delayFirst
        self.delayMax = delayMax
        delay = delayFirst
    }

    /// Takes in an event; after the time that is returned, the socket is to be replaced.
    mutating func handle(_ event: ZeroMQSocketEvent, of number: Int) -> Duration? {
        guard number >= socket else { return nil }
        switch event {
        case .handshakeSucceeded:
            obstacle = nil
            delay = delayFirst
            return nil
        case .refused, .protocolFailed, .handshakeFailed:
            obstacle = event
            socket = number + 1
            defer { delay = min(delay * 2, delayMax) }
            return delay
        case .retried:
            // Nobody listens any more: what somebody said before is no reason now.
            obstacle = nil
            return nil
        case .accepted, .acceptFailed, .connected, .disconnected:
            return nil
        }
    }
}
