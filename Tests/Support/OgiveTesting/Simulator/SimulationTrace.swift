internal import OgiveCore

extension TraceHash {
    /// Takes in the structure of an event: who, what, which lease; never what a result says.
    mutating func add(_ event: SimulationEvent) {
        switch event {
        case .toCoordinator(let message, let owner):
            add(1, message.worker.low, owner)
            add(UInt64(bitPattern: message.term.rawValue))
            add(message.message)
        case .toWorker(let message):
            add(2, message.worker.low)
            add(message.message)
        case .coordinatorTick(let id): add(3, UInt64(id))
        case .poll(let id): add(4, UInt64(id))
        case .storeCall(let id, let effect):
            add(5, UInt64(id))
            add(effect)
        case .answer(let id, let answer):
            add(6, UInt64(id))
            add(answer)
        case .workerTick(let id): add(7, id.low)
        case .work(let id, let said):
            add(8, id.low)
            add(said)
        case .poison(let id): add(9, id.low)
        case .balance: add(14)
        case .startWorker(let place): add(10, UInt64(place))
        case .killCoordinator(let id): add(11, UInt64(id))
        case .fault(let fault): add(fault)
        case .heal: add(13)
        }
    }

    private mutating func add(_ first: UInt64, _ second: UInt64, _ third: UInt64 = 0) {
        add(first)
        add(second &+ third &<< 32)
    }

    private mutating func add(_ name: LeaseName) {
        add(UInt64(bitPattern: name.term.rawValue), name.task.rawValue, name.epoch.rawValue)
    }

    private mutating func add(_ message: WorkerMessage) {
        switch message {
        case .hello(let hello):
            add(20, UInt64(hello.credit))
            for held in hello.inFlight { add(held.claim.lease) }
        case .credit(let credit): add(21, UInt64(credit))
        case .crowded(let credit, let unscored): add(19, UInt64(credit), UInt64(unscored))
        case .result(let result):
            add(22, UInt64(result.part), UInt64(result.items.count))
            add(result.claim.lease)
        case .heartbeat: add(23)
        case .impaired(let outages): add(27, UInt64(outages.count))
        case .report(let load, let outages):
            add(29, UInt64(outages.count), UInt64(load.slotTime.total()))
        case .returned(let leases):
            add(24)
            for lease in leases { add(lease) }
        case .declined(let run, _, let leases):
            add(28, UInt64(run.rawValue))
            for lease in leases { add(lease) }
        case .draining: add(25)
        case .goodbye: add(26)
        }
    }

    private mutating func add(_ message: CoordinatorMessage) {
        switch message {
        case .welcome(let welcome):
            add(30)
            for adoption in welcome.adopted { add(adoption.new) }
        case .serve(let run): add(31, UInt64(bitPattern: run.id.rawValue))
        case .lease(let lease):
            add(32, UInt64(bitPattern: lease.prompt.id.rawValue), UInt64(lease.items.count))
            add(lease.name)
        case .acks(let names):
            for name in names {
                add(33, UInt64(name.part))
                add(name.lease)
            }
        case .rejected(let name, _):
            add(35, UInt64(name.part))
            add(name.lease)
        case .cancel(let name):
            add(34)
            add(name)
        case .reRegister: add(36)
        case .idle: add(37)
        case .refused: add(38)
        case .heartbeat: add(39)
        }
    }

    private mutating func add(_ effect: Scheduler.Effect) {
        switch effect {
        case .fetchPage(let run, let after, let limit):
            add(40, UInt64(bitPattern: run.id.rawValue), UInt64(limit.items))
            add(UInt64(bitPattern: after?.rawValue ?? 0))
        case .land(let batch):
            add(41, batch.id.rawValue)
            for group in batch.groups {
                add(UInt64(bitPattern: group.prompt.rawValue), UInt64(group.items.count))
            }
        case .bind(let binding): add(42, UInt64(bitPattern: binding.run.rawValue))
        case .finish(let run): add(43, UInt64(bitPattern: run.rawValue))
        case .record(let record): add(44, record.id.low)
        case .send, .notice, .stop: add(45)
        }
    }

    private mutating func add(_ answer: Scheduler.Event) {
        switch answer {
        case .page(let run, let page):
            add(50, UInt64(bitPattern: run.rawValue), UInt64(page.prompts.count))
        case .pageFailed(let run, _): add(51, UInt64(bitPattern: run.rawValue))
        case .sendFailed(let message, _): add(52, message.worker.low)
        case .landed(let id, _): add(53, id.rawValue)
        case .landingFailed(let id, _): add(54, id.rawValue)
        case .finished(let run, let state):
            add(55, UInt64(bitPattern: run.rawValue), state == .open ? 0 : 1)
        case .bound, .bindFailed, .finishFailed, .superseded, .refused, .runs, .message, .hold,
            .tick, .listened, .drain:
            add(56)
        }
    }

    private mutating func add(_ said: WorkerSession.Event) {
        switch said {
        case .started(let ticket): add(60, ticket.rawValue)
        case .done(let ticket, let parts): add(61, ticket.rawValue, UInt64(parts.count))
        case .message, .room, .unscored, .suspended, .outages, .load, .offerChanged, .drain, .end,
            .abandon, .tick:
            add(62)
        case .declined(let ticket, _): add(63, ticket.rawValue)
        }
    }

    private mutating func add(_ fault: SimulationEvent.Fault) {
        switch fault {
        case .crash(let place): add(70, UInt64(place))
        case .pause(let place): add(71, UInt64(place))
        case .drain(let place): add(72, UInt64(place))
        case .join: add(73)
        case .leave(let place): add(74, UInt64(place))
        case .cut(let place, let up, let down):
            add(75, UInt64(place), (up ? 1 : 0) + (down ? 2 : 0))
        case .clog(let place, let up): add(76, UInt64(place), up ? 1 : 0)
        case .steal(let place): add(77, UInt64(place))
        case .forge(let place): add(87, UInt64(place))
        case .replaceCoordinator(let seat): add(78, UInt64(seat))
        case .pauseCoordinator(let seat): add(79, UInt64(seat))
        case .regroup: add(88)
        case .endAll(let drains): add(89, drains ? 1 : 0)
        case .outage: add(80)
        case .readOnly: add(81)
        case .stepClock: add(82)
        case .raise: add(83)
        case .retry: add(84)
        case .rescore: add(85)
        case .raiseBudget: add(86)
        }
    }
}
