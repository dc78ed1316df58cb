internal import OgiveCore

extension WorkerMessage: WireConvertible {
    init(wire: Ogive_V1_Envelope.OneOf_Body) throws(WireError) {
        switch wire {
        case .hello(let hello):
            self = .hello(try Hello(wire: hello))
        case .credit(let credit):
            self = .credit(
                try WireCheck.number(credit.leases, "credit.leases", max: WireLimits.credit))
        case .result(let result):
            self = .result(try TaskResult(wire: result))
        case .workerHeartbeat(let heartbeat):
            let shut = try WireCheck.list(
                heartbeat.shut, "heartbeat.shut", max: EndpointOutage.most)
            self =
                shut.isEmpty
                ? .heartbeat : .impaired(try shut.map(EndpointOutage.init(wire:)))
        case .returned(let returned):
            let leases = try WireCheck.list(
                returned.leases, "returned.leases", max: WireLimits.leases)
            let names = try leases.map(LeaseName.init(wire:))
            let reason = try WireCheck.text(
                returned.reason, "returned.reason", max: WireLimits.reasonBytes)
            self =
                returned.run == 0
                ? .returned(names) : .declined(RunID(returned.run), reason: reason, names)
        case .draining:
            self = .draining
        case .goodbye:
            self = .goodbye
        case .welcome, .serve, .lease, .ack, .rejected, .cancel, .reRegister, .idle, .refused,
            .coordinatorHeartbeat:
            throw WireError(.wrongBody, "a worker sent what only a coordinator may send")
        }
    }

    var wire: Ogive_V1_Envelope.OneOf_Body {
        switch self {
        case .hello(let hello):
            return .hello(hello.wire)
        case .credit(let count):
            var credit = Ogive_V1_Credit()
            credit.leases = UInt32(wireCount: count)
            return .credit(credit)
        case .result(let result):
            return .result(result.wire)
        case .heartbeat:
            return .workerHeartbeat(Ogive_V1_Heartbeat())
        case .impaired(let shut):
            var heartbeat = Ogive_V1_Heartbeat()
            heartbeat.shut = shut.prefix(EndpointOutage.most).map(\.wire)
            return .workerHeartbeat(heartbeat)
        case .returned(let leases):
            var returned = Ogive_V1_Returned()
            returned.leases = leases.map(\.wire)
            return .returned(returned)
        case .declined(let run, let reason, let leases):
            var returned = Ogive_V1_Returned()
            returned.leases = leases.map(\.wire)
            returned.run = run.rawValue
            returned.reason = reason.cut(toBytes: WireLimits.reasonBytes)
            return .returned(returned)
        case .draining:
            return .draining(Ogive_V1_Draining())
        case .goodbye:
            return .goodbye(Ogive_V1_Goodbye())
        }
    }
}
