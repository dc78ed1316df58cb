internal import OgiveCore
internal import OgiveStore
internal import OgiveWire

/// Work that is done for every message, task or row.
package struct HotPath {
    /// Its name, in the file of limits and on the command line.
    package let name: String
    /// Bytes of the message or of the rows; 0 where it makes none.
    package let bytes: Int
    /// How often it is done for counting.
    package let iterations: Int
    /// Does it so often.
    package let work: (Int) throws -> Void

    /// All of them.
    package static func all() throws -> [HotPath] {
        try coordinator("lease", .lease(Samples.lease))
            + coordinator("ack", .acks([ResultName(lease: Samples.lease.name, part: 0)]))
            + worker("result1", draws: 1)
            + worker("result64", draws: 64)
            + [scheduler, fleet, try landing]
    }

    private static func coordinator(
        _ name: String, _ message: CoordinatorMessage
    ) throws -> [HotPath] {
        let envelope = CoordinatorEnvelope(worker: Samples.worker, term: Term(7), message: message)
        let iterations = 200
        let bytes = try envelope.encoded()
        return [
            HotPath(name: "\(name).encode", bytes: bytes.count, iterations: iterations) { count in
                for _ in 0..<count { keep(try envelope.encoded().count) }
            },
            HotPath(name: "\(name).decode", bytes: bytes.count, iterations: iterations) { count in
                for _ in 0..<count { keep(try CoordinatorEnvelope(decoding: bytes).term) }
            },
        ]
    }

    private static func worker(_ name: String, draws: Int) throws -> [HotPath] {
        let envelope = WorkerEnvelope(
            worker: Samples.worker, term: Term(7), message: .result(Samples.result(draws: draws)))
        let iterations = max(20, 200 / draws)
        let bytes = try envelope.encoded()
        return [
            HotPath(name: "\(name).encode", bytes: bytes.count, iterations: iterations) { count in
                for _ in 0..<count { keep(try envelope.encoded().count) }
            },
            HotPath(name: "\(name).decode", bytes: bytes.count, iterations: iterations) { count in
                for _ in 0..<count { keep(try WorkerEnvelope(decoding: bytes).term) }
            },
        ]
    }

    /// A task from its page to its acknowledgement, with a hundred workers; window and batches are
    /// a quarter of the defaults, so that few tasks are a steady state.
    private static var scheduler: HotPath {
        HotPath(name: "scheduler.task", bytes: 0, iterations: 2_048) { count in
            var fleet = SteadyFleet(workers: 100, windowItems: 4_096, landingItems: 512)
            fleet.run(tasks: count)
            keep(fleet.events)
        }
    }

    /// The same with ten thousand workers: what a task costs must not grow with them.
    private static var fleet: HotPath {
        HotPath(name: "scheduler.fleet", bytes: 0, iterations: 16_384) { count in
            var fleet = SteadyFleet(workers: 10_000, windowItems: 32_768, landingItems: 2_048)
            fleet.run(tasks: count)
            keep(fleet.events)
        }
    }

    /// The rows of a result of 64 draws.
    private static var landing: HotPath {
        get throws {
            let batch = LandingBatch(
                id: BatchID(1),
                groups: [
                    LandingGroup(
                        run: RunID(1), prompt: PromptID(1), worker: Samples.worker,
                        items: Samples.result(draws: 64).items)
                ])
            let bytes = try LandingEncoding.byteCount(of: batch)
            return HotPath(name: "landing64.encode", bytes: bytes, iterations: 20) { count in
                for _ in 0..<count { keep(try LandingEncoding.byteCount(of: batch)) }
            }
        }
    }

    /// Keeps the optimizer from leaving out what nobody reads.
    @inline(never)
    private static func keep<Value>(_ value: Value) {}
}
