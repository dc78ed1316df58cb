internal import OgiveCore

/// The readable trace.
extension Simulation {
    /// Says to a reader what happens now.
    func narrate(_ event: SimulationEvent) {
        guard let reader, let text = text(of: event) else { return }
        let time = now.sinceZero.milliseconds
        reader("\(time / 1_000).\(String(time % 1_000 + 1_000).dropFirst()) \(text)")
    }

    /// Ticks and heartbeats say nothing.
    private func text(of event: SimulationEvent) -> String? {
        switch event {
        case .coordinatorTick, .workerTick, .balance: return nil
        case .toCoordinator(let message, let owner):
            let from = owner == message.worker.low ? "" : " (stolen)"
            guard let text = text(of: message.message) else { return nil }
            return "worker \(message.worker.low)\(from) ▶ \(text), term \(message.term.rawValue)"
        case .toWorker(let message):
            guard let text = text(of: message.message) else { return nil }
            return "worker \(message.worker.low) ◀ \(text)"
        case .poll(let id): return "coordinator \(id) reads the open runs"
        case .storeCall(let id, let effect):
            return "coordinator \(id) ▶ database: \(text(of: effect))"
        case .answer(let id, let answer): return "coordinator \(id) hears: \(text(of: answer))"
        case .work(let id, let said): return "worker \(id.low): \(text(of: said))"
        case .poison(let id): return "a prompt ends worker \(id.low)"
        case .startWorker(let place): return "a worker starts in place \(place)"
        case .killCoordinator(let id): return "coordinator \(id) dies"
        case .fault(let fault): return "fault: \(fault)"
        case .heal: return "no more faults"
        }
    }

    private func text(of message: WorkerMessage) -> String? {
        switch message {
        case .hello(let hello):
            "hello, credit \(hello.credit), "
                + "holding \(hello.inFlight.map { text(of: $0.claim.lease) })"
        case .credit(let credit): "credit \(credit)"
        case .crowded(let credit, let unscored):
            "credit \(credit), beside \(unscored) that wait for a scorer"
        case .result(let result):
            "result \(text(of: result.claim.lease)) part \(result.part), "
                + "run \(result.claim.run.rawValue), prompt \(result.claim.prompt.rawValue), "
                + "\(result.items.map { text(of: $0.name) })"
        case .heartbeat: nil
        case .report(let load, let outages):
            "\(load.draws) draws, no requests to \(outages.map(\.endpoint))"
        case .impaired(let outages): "no requests to \(outages.map(\.endpoint))"
        case .returned(let leases): "gives back \(leases.map(text))"
        case .declined(let run, let reason, let leases):
            "cannot serve run \(run.rawValue) (\(reason)), gives back \(leases.map(text))"
        case .draining: "draining"
        case .goodbye: "goodbye"
        }
    }

    private func text(of message: CoordinatorMessage) -> String? {
        switch message {
        case .welcome(let welcome):
            "welcome, term \(welcome.term.rawValue), going on: "
                + "\(welcome.adopted.map { "\(text(of: $0.old)) as \(text(of: $0.new))" })"
        case .serve(let run): "run \(run.id.rawValue)"
        case .lease(let lease):
            "lease \(text(of: lease.name)), run \(lease.run.rawValue), "
                + "prompt \(lease.prompt.id.rawValue), \(lease.items.map { text(of: $0.name) })"
        case .acks(let names):
            "ack \(names.map { "\(text(of: $0.lease)) part \($0.part)" })"
        case .rejected(let name, let reason):
            "rejected \(text(of: name.lease)) part \(name.part): \(reason)"
        case .cancel(let name): "cancel \(text(of: name))"
        case .reRegister: "register again"
        case .idle(let reason): "idle: \(reason)"
        case .refused(let reason): "refused: \(reason)"
        case .heartbeat: nil
        }
    }

    private func text(of effect: Scheduler.Effect) -> String {
        switch effect {
        case .fetchPage(let run, let after, let limit):
            "page of \(limit.onlyBegun ? "begun prompts of " : "")run \(run.id.rawValue) "
                + "after \(after?.rawValue ?? 0)"
        case .land(let batch):
            "land \(batch.id.rawValue): "
                + batch.groups.map { group in
                    "run \(group.run.rawValue) prompt \(group.prompt.rawValue) "
                        + "\(group.items.map { text(of: $0.name) })"
                }.joined(separator: ", ")
        case .bind(let binding): "bind run \(binding.run.rawValue)"
        case .finish(let run): "is run \(run.rawValue) finished?"
        case .record(let record): "worker \(record.id.low) is \(record.state)"
        case .send, .notice, .stop: ""
        }
    }

    private func text(of answer: Scheduler.Event) -> String {
        switch answer {
        case .page(let run, let page):
            "page of run \(run.rawValue): "
                + "\(page.prompts.map { "\($0.prompt.id.rawValue)×\($0.items.count)" })"
        case .landed(let id, _): "landed \(id.rawValue)"
        case .landingFailed(let id, let error): "landing \(id.rawValue) failed: \(error)"
        case .sendFailed(let message, let outcome):
            "sending to worker \(message.worker.low) failed: \(outcome)"
        case .finished(let run, let state): "run \(run.rawValue) is \(state)"
        case .superseded: "another coordinator leads"
        case .pageFailed, .bound, .bindFailed, .finishFailed, .refused, .runs, .message, .hold,
            .tick, .listened, .drain:
            "\(String(describing: answer).prefix(40))"
        }
    }

    private func text(of said: WorkerSession.Event) -> String {
        switch said {
        case .started(let ticket): "begins its task \(ticket.rawValue)"
        case .declined(let ticket, let reason): "declines task \(ticket.rawValue): \(reason)"
        case .done(let ticket, let parts): "ends its task \(ticket.rawValue), \(parts.count) parts"
        case .message, .room, .unscored, .suspended, .outages, .load, .offerChanged, .drain, .end,
            .abandon, .tick:
            "\(said)"
        }
    }

    private func text(of name: LeaseName) -> String {
        "\(name.term.rawValue).\(name.task.rawValue).\(name.epoch.rawValue)"
    }

    private func text(of name: ItemName) -> String {
        switch name.kind {
        case .draw: "d\(name.index)"
        case .candidate: "c\(name.index)"
        case .candidateLogProbability: "l\(name.index)"
        }
    }
}
