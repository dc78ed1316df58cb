/// The leases that a worker holds, with what is asked of them at each event kept ready: their
/// number, and which one a name belongs to.
struct HeldLeases: Sendable {
    typealias Ticket = WorkerSession.Ticket
    typealias Held = WorkerSession.Held

    private var entries: [Ticket: Held] = [:]
    private var tickets: [LeaseName: Ticket] = [:]
    /// Leases without results.
    private(set) var working = 0

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }

    /// In the order in which they came; for what is done seldom.
    var ordered: [(key: Ticket, value: Held)] { entries.sorted { $0.key < $1.key } }

    /// Which lease has a name now.
    func ticket(of name: LeaseName) -> Ticket? { tickets[name] }

    subscript(ticket: Ticket) -> Held? {
        get { entries[ticket] }
        _modify {
            forget(ticket)
            defer { note(ticket) }
            yield &entries[ticket]
        }
    }

    /// Removes a lease.
    mutating func remove(_ ticket: Ticket) -> Held? {
        forget(ticket)
        return entries.removeValue(forKey: ticket)
    }

    private mutating func forget(_ ticket: Ticket) {
        guard let place = entries.index(forKey: ticket) else { return }
        tickets[entries.values[place].lease.name] = nil
        if entries.values[place].results == nil { working -= 1 }
    }

    private mutating func note(_ ticket: Ticket) {
        guard let place = entries.index(forKey: ticket) else { return }
        tickets[entries.values[place].lease.name] = ticket
        if entries.values[place].results == nil { working += 1 }
    }
}
