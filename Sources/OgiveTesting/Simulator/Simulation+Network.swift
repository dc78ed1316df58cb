internal import OgiveCore

extension Simulation {
    /// Sends a message on its way: it may be lost, repeated, delayed and overtaken.
    mutating func transmit(_ event: SimulationEvent) {
        guard !random.chance(options.loss) else { return }
        queue.push(event, at: now + delay())
        if random.chance(options.duplication) { queue.push(event, at: now + delay()) }
    }

    private mutating func delay() -> Duration {
        random.duration(1...max(1, options.delayMax))
    }

    /// A message from a worker arrives at the current coordinator; sometimes at a former one.
    mutating func arrive(_ message: FromWorker) {
        guard let current = coordinators.last else { return }
        let isAstray = coordinators.count > 1 && random.chance(0.2)
        step(isAstray ? coordinators[0].id : current.id, .message(message))
    }

    /// A message arrives at a worker, unless that incarnation is gone.
    mutating func arrive(_ message: ToWorker, _ event: SimulationEvent) {
        step(message.worker, .message(message.message), again: event)
    }
}
