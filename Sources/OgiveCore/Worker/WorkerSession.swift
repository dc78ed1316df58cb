internal import DequeModule

/// A run that a worker serves, as it was described: one object for all of its leases.
package final class ServedRun: Sendable {
    /// The description.
    package let description: RunDescription

    /// Takes the description.
    package init(_ description: RunDescription) {
        self.description = description
    }
}

/// A worker's side of the protocol: a pure state machine without clock, randomness or I/O.
///
/// It holds every lease until its results are acknowledged, registers again when the coordinator
/// forgot it or fell silent, and never decides anything by what a result holds.
package struct WorkerSession: Sendable {
    /// Names a lease within the process: its name on the wire changes when it is adopted.
    package struct Ticket: Hashable, Comparable, Sendable {
        /// The number behind the name.
        package let rawValue: UInt64

        package static func < (left: Ticket, right: Ticket) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// A lease and where it stands.
    struct Held: Sendable {
        var lease: Lease
        var deadline: TimePoint
        /// Whether work on it has begun.
        var isStarted = false
        /// Results that are not acknowledged, by ascending part; `nil` while there are none.
        var results: [TaskResult]?
        var sentAt = TimePoint.zero
    }

    /// Bounds and intervals.
    package let limits: WorkerLimits
    /// The term of the coordinator it is registered with; 0 before the first.
    package internal(set) var term = Term(0)
    /// Whether the coordinator answered the last `hello`.
    package internal(set) var isRegistered = false

    let name: String
    let version: String
    let site: WorkerSite
    var offer: Offer
    var held = HeldLeases()
    /// Nothing of `held` is due before this.
    var nextDue: TimePoint?
    var past = PastLeases()
    var runs: [RunID: ServedRun] = [:]
    /// Runs that this worker cannot serve, and why.
    var declined: [RunID: String] = [:]
    var lastTicket: UInt64 = 0
    var heartbeatInterval = Duration.seconds(2)
    var silenceMax = Duration.seconds(10)
    var lastHeard: TimePoint
    var lastHello: TimePoint?
    /// Number of hellos said.
    var hellos: UInt64 = 0
    /// Tells this worker from others where it waits; no secret.
    let salt: UInt64
    /// Why the coordinator does not register it yet, as last reported.
    var waitsFor: String?
    /// Hellos since the last registration that no welcome answered yet.
    var openHellos = 0
    var lastHeartbeat: TimePoint
    /// Whether the last messages found nobody.
    var isUnheard = false
    var lastRoom: Room?
    /// Leases that are sampled and wait for the scorer, while there are some of several runs.
    var unscored = 0
    var isSuspended = false
    /// Endpoints that get no requests, since when that is known, and whether it is to be reported.
    var outages: [EndpointOutage] = []
    var outagesAt = TimePoint.zero
    var hasNews = false
    /// What it did; `nil` while nothing is known of its slots.
    var load: WorkerLoad?
    /// What was last reported of it.
    var reported: WorkerLoad?
    /// Leases that keep the worker busy.
    var leasesWanted = Int.max
    /// Leases that are asked for beyond these.
    var pace = LeasePace()
    var drainingSince: TimePoint?
    var drainGrace: Duration
    /// Since when it has no work; `nil` while it has.
    var idleSince: TimePoint?
    var hasLeft = false
    var effects: [Effect] = []

    /// Begins unregistered.
    package init(
        name: String, version: String, offer: Offer, site: WorkerSite = WorkerSite(),
        limits: WorkerLimits, now: TimePoint
    ) {
        self.site = site
        self.name = name
        self.version = version
        self.offer = offer
        self.limits = limits
        drainGrace = limits.drainGrace
        salt = name.utf8.reduce(0xCBF2_9CE4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        lastHeard = now
        lastHeartbeat = now
    }

    /// What happened.
    package enum Event: Sendable {
        /// The coordinator said something.
        case message(CoordinatorMessage)
        /// Work on a lease began.
        case started(Ticket)
        /// Work on a lease ended: all of its items, in parts that fit a message.
        case done(Ticket, [[ItemResult]])
        /// The run of a lease cannot be served by this worker, for this reason.
        case declined(Ticket, String)
        /// So many leases keep the worker busy: what it asks for, within `leasesMax`.
        case room(Int)
        /// So many leases beyond the slots of the scorer are sampled and have no rewards; 0 while
        /// there are leases of one run alone.
        case unscored(Int)
        /// The model servers do not answer (`true`), or do again.
        case suspended(Bool)
        /// These endpoints of models get no requests for now, and all others do.
        case outages([EndpointOutage])
        /// The model servers are back, with other models.
        case offerChanged(Offer)
        /// The slots that there are, and what they waited for since the worker began.
        case load(WorkerLoad)
        /// Take nothing new, finish, leave.
        case drain
        /// The same, because the machine is taken away: what is unfinished after this long is given
        /// back.
        case end(within: Duration)
        /// Take nothing new and leave: the servers that unfinished tasks need are gone for good.
        case abandon
        /// Time went by.
        case tick
    }

    /// What is to be done.
    package enum Effect: Sendable {
        /// Send a message.
        case send(WorkerMessage)
        /// Work on a lease: `done` answers.
        case start(Ticket, Lease, ServedRun)
        /// The lease is lost: stop working on it.
        case stop(Ticket)
        /// Tell the operator why there is no work.
        case idle(String)
        /// Tell the operator which run cannot be served here, and why.
        case declined(String)
        /// Tell the operator why the coordinator does not take results.
        case rejected(String)
        /// Leave the process.
        case exit(Exit)
    }

    /// Why a worker leaves.
    package enum Exit: Hashable, Sendable {
        /// Drained: everything is acknowledged or given back.
        case drained
        /// There was no work for so long.
        case idle(Duration)
        /// The coordinator refuses it.
        case refused(String)
        /// No coordinator answered for so long.
        case noCoordinator(Duration)
    }

    /// Takes in what happened and answers with what is to be done, in order.
    package mutating func handle(_ event: Event, now: TimePoint) -> [Effect] {
        handle([event], now: now)
    }

    /// Takes in all that happened meanwhile, in order, and answers with what is to be done, in
    /// order. What is due by time, the credit too, is looked at once for all of it.
    package mutating func handle(_ events: [Event], now: TimePoint) -> [Effect] {
        guard !hasLeft else { return [] }
        for event in events where !hasLeft { take(event, now: now) }
        if !hasLeft { keepTime(now: now) }
        defer { effects = [] }
        return effects
    }

    private mutating func take(_ event: Event, now: TimePoint) {
        switch event {
        case .message(let message):
            lastHeard = now
            receive(message, now: now)
        case .started(let ticket): held.change(ticket) { $0.isStarted = true }
        case .done(let ticket, let parts): finish(ticket, parts, now: now)
        case .declined(let ticket, let reason): decline(ticket, reason)
        case .room(let leases): leasesWanted = max(1, leases)
        case .unscored(let leases): note(unscored: leases)
        case .suspended(let isSuspended): self.isSuspended = isSuspended
        case .outages(let current):
            hasNews = hasNews || !outages.isSame(as: current)
            outages = current
            outagesAt = now
        case .load(let measured): note(measured)
        case .offerChanged(let offer): change(offer, now: now)
        case .drain: drain(now: now)
        case .end(let grace):
            if drainingSince == nil { drainGrace = grace }
            drain(now: now)
        case .abandon:
            drain(now: now)
            giveBack { _ in true }
        case .tick: break
        }
    }

    /// Messages of the last event found nobody, or nobody who has room for them; a hello among
    /// them was not said. If the coordinator is silent, too, the next ones follow soon, so that one
    /// that comes back hears of this worker at once. One that speaks only reads slowly.
    package mutating func noteUnheard(_ messages: [WorkerMessage], now: TimePoint) {
        for case .hello in messages { openHellos = max(0, openHellos - 1) }
        if !isRegistered || now - lastHeard >= heartbeatInterval { isUnheard = true }
    }

    /// Whether it takes nothing new.
    package var isDraining: Bool { drainingSince != nil }

    /// Leases without results, for status.
    package var working: Int { held.working }

    /// Leases whose results wait for their acknowledgement.
    package var unacked: Int { held.count - working }

    /// Since when the oldest result waits for its acknowledgement; `nil` where none does.
    package var oldestUnacked: TimePoint? { held.oldest }

    /// How many leases the worker is willing to hold now. While acknowledgements are what it waits
    /// for, it moves by quarters, or each of them would be answered with another credit.
    var credit: Int {
        guard !isSuspended, drainingSince == nil else { return 0 }
        let wanted = min(limits.leasesMax, leasesWanted) + pace.ahead
        let room = max(0, limits.unackedMax - unacked)
        return room >= wanted ? wanted : room - room % max(1, wanted / 4)
    }

    /// What the coordinator is told of the leases that the worker is willing to hold.
    struct Room: Hashable, Sendable {
        var credit: Int
        var unscored: Int
    }

    /// Leases that wait for the scorer leave the credit to others, as far as the worker may hold
    /// more, and as long as nothing else is what it waits for.
    var room: Room {
        let credit = credit
        let isWhole = credit == min(limits.leasesMax, leasesWanted) + pace.ahead
        return Room(
            credit: credit,
            unscored: isWhole ? max(0, min(unscored, limits.aheadMax - pace.ahead)) : 0)
    }

    /// Takes in how many leases wait for the scorer, in steps, so that not every change is sent.
    mutating func note(unscored leases: Int) {
        let step = max(1, min(limits.leasesMax, leasesWanted) / 8)
        if leases == 0 || abs(leases - unscored) >= step { unscored = leases }
    }
}

/// The leases that a worker holds, with what is asked of them at each event kept ready: their
/// number, and which one a name belongs to.
struct HeldLeases: Sendable {
    typealias Ticket = WorkerSession.Ticket
    typealias Held = WorkerSession.Held

    private var entries: [Ticket: Held] = [:]
    private var tickets: [LeaseName: Ticket] = [:]
    /// Leases with results since some moment, in the order of these moments. The first one is
    /// still held; others may not be.
    private var done = Deque<(ticket: Ticket, since: TimePoint)>()
    /// Leases without results.
    private(set) var working = 0

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    /// In the order in which they came; for what is done seldom.
    var ordered: [(key: Ticket, value: Held)] { entries.sorted { $0.key < $1.key } }

    /// Since when the oldest results wait.
    var oldest: TimePoint? { done.first?.since }

    /// Which lease has a name now.
    func ticket(of name: LeaseName) -> Ticket? { tickets[name] }

    subscript(ticket: Ticket) -> Held? { entries[ticket] }

    /// Takes a lease in that has no results.
    mutating func add(_ held: Held, as ticket: Ticket) {
        tickets[held.lease.name] = ticket
        entries[ticket] = held
        working += 1
    }

    /// A lease goes on under the name that it has in `held`.
    mutating func rename(_ ticket: Ticket, _ held: Held) {
        guard let former = entries.updateValue(held, forKey: ticket) else { return }
        tickets[former.lease.name] = nil
        tickets[held.lease.name] = ticket
    }

    /// A lease has results since this moment.
    mutating func finish(_ ticket: Ticket, at moment: TimePoint) {
        done.append((ticket, moment))
        // One that waits for long must not keep the memory of all that came after it.
        if done.count > 2 * entries.count + 64 {
            done.removeAll { entries.index(forKey: $0.ticket) == nil }
        }
    }

    /// Changes a lease that is there, in place, but for its name.
    mutating func change<T>(_ ticket: Ticket, _ body: (inout Held) -> T) -> T? {
        guard let place = entries.index(forKey: ticket) else { return nil }
        return Self.change(&entries.values[place], body, &working)
    }

    private static func change<T>(
        _ entry: inout Held, _ body: (inout Held) -> T, _ working: inout Int
    ) -> T {
        let wasWorking = entry.results == nil
        let answer = body(&entry)
        let isWorking = entry.results == nil
        if isWorking != wasWorking { working += isWorking ? 1 : -1 }
        return answer
    }

    /// Removes a lease.
    mutating func remove(_ ticket: Ticket) -> Held? {
        guard let held = entries.removeValue(forKey: ticket) else { return nil }
        tickets[held.lease.name] = nil
        if held.results == nil { working -= 1 }
        while let first = done.first, entries.index(forKey: first.ticket) == nil {
            done.removeFirst()
        }
        return held
    }
}

/// The last leases that ended, at most `WorkerLimits.pastMax`: one that comes a second time is not
/// begun again.
struct PastLeases: Sendable {
    private var order = Deque<LeaseName>()
    private var names: Set<LeaseName> = []

    func contains(_ name: LeaseName) -> Bool { names.contains(name) }

    mutating func append(_ name: LeaseName) {
        guard names.insert(name).inserted else { return }
        order.append(name)
        if order.count > WorkerLimits.pastMax, let oldest = order.popFirst() {
            names.remove(oldest)
        }
    }
}
