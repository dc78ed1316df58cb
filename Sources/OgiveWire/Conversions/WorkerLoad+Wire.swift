internal import OgiveCore

extension WorkerSite {
    /// Reads the fields of a hello that say where the worker runs.
    init(wire: Ogive_V1_Hello) throws(WireError) {
        let endpoints = try WireCheck.list(
            wire.endpoints, "hello.endpoints", max: WorkerSite.endpointsMax)
        for endpoint in endpoints {
            _ = try WireCheck.text(endpoint, "hello.endpoints", max: WireLimits.endpointBytes)
        }
        self.init(
            host: try WireCheck.text(wire.host, "hello.host", max: WireLimits.nameBytes),
            job: try WireCheck.text(wire.job, "hello.job", max: WireLimits.nameBytes),
            endpoints: endpoints)
    }
}

extension WorkerLoad: WireConvertible {
    init(wire: Ogive_V1_Load) throws(WireError) {
        self.init()
        sampleSlots = try WireCheck.number(
            wire.sampleSlots, "load.sample_slots", max: WorkerLoad.slotsMax)
        scoreSlots = try WireCheck.number(
            wire.scoreSlots, "load.score_slots", max: WorkerLoad.slotsMax)
        draws = try Self.total(wire.draws, "load.draws")
        tokens = try Self.total(wire.tokens, "load.tokens")
        let times = try WireCheck.list(
            wire.slotTimes, "load.slot_times", max: SlotWait.all.count)
        for time in times {
            let wait = SlotWait(
                stage: try SlotWait.Stage(wire: time.stage),
                side: try SlotWait.Side(wire: time.waitsFor))
            slotTime[wait] = try Self.total(time.milliseconds, "slot_time.milliseconds")
        }
    }

    var wire: Ogive_V1_Load {
        var wire = Ogive_V1_Load()
        wire.sampleSlots = UInt32(wireCount: sampleSlots)
        wire.scoreSlots = UInt32(wireCount: scoreSlots)
        wire.draws = UInt64(clamping: draws)
        wire.tokens = UInt64(clamping: tokens)
        for wait in SlotWait.all where slotTime[wait] > 0 {
            var time = Ogive_V1_SlotTime()
            time.stage = wait.stage.wire
            time.waitsFor = wait.side.wire
            time.milliseconds = UInt64(slotTime[wait])
            wire.slotTimes.append(time)
        }
        return wire
    }

    private static func total(_ number: UInt64, _ field: String) throws(WireError) -> Int {
        guard number <= UInt64(SlotTime.most) else {
            throw WireError(.invalidValue, "\(field) is \(number); at most 2^53 is allowed")
        }
        return Int(number)
    }
}

extension SlotWait.Stage {
    fileprivate init(wire: Ogive_V1_SlotTime.Stage) throws(WireError) {
        switch wire {
        case .sample: self = .sample
        case .score: self = .score
        case .unspecified, .UNRECOGNIZED:
            throw WireError(.invalidValue, "slot_time.stage is \(wire.rawValue)")
        }
    }

    fileprivate var wire: Ogive_V1_SlotTime.Stage {
        switch self {
        case .sample: .sample
        case .score: .score
        }
    }
}

extension SlotWait.Side {
    fileprivate init(wire: Ogive_V1_SlotTime.Side) throws(WireError) {
        switch wire {
        case .policy: self = .policy
        case .scorer: self = .scorer
        case .coordinator: self = .coordinator
        case .nothing: self = .nothing
        case .unspecified, .UNRECOGNIZED:
            throw WireError(.invalidValue, "slot_time.waits_for is \(wire.rawValue)")
        }
    }

    fileprivate var wire: Ogive_V1_SlotTime.Side {
        switch self {
        case .policy: .policy
        case .scorer: .scorer
        case .coordinator: .coordinator
        case .nothing: .nothing
        }
    }
}
