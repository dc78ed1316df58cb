import OgiveCore
import Testing

@testable import OgiveWorker

/// What the slots of a worker wait for.
@Suite(.timeLimit(.minutes(10))) struct SlotWaitTests {
    private static let busy = WorkerMetrics.Intake(isRegistered: true, working: 3)

    /// Slots by what they wait for, without zeros, like `sample policy`.
    private func count(
        _ sampling: StageLoad, _ scoring: StageLoad,
        _ intake: WorkerMetrics.Intake = SlotWaitTests.busy, at seconds: Double = 100
    ) -> [String: Int] {
        let counts = SlotWait.count(
            sampling: sampling, scoring: scoring, intake, now: .zero + .seconds(seconds))
        return Dictionary(
            uniqueKeysWithValues: counts.filter { $0.value > 0 }.map {
                ("\($0.key.stage.rawValue) \($0.key.side.rawValue)", $0.value)
            })
    }

    @Test func `Slots in use wait for the model of their stage`() {
        let all = count(StageLoad(used: 8, slots: 8), StageLoad(used: 2, slots: 2))
        #expect(all == ["sample policy": 8, "score scorer": 2])
    }

    @Test func `Where samples pile up before the scorer, free slots wait for it`() {
        let crowded = StageLoad(used: 2, slots: 2, waiting: 9)
        #expect(
            count(StageLoad(used: 1, slots: 8), crowded)
                == ["sample policy": 1, "sample scorer": 7, "score scorer": 2])
        // With room there, what waits is taken at once.
        let taken = count(
            StageLoad(used: 1, slots: 8), StageLoad(used: 1, slots: 2, waiting: 1))
        #expect(taken["sample scorer"] == nil)
    }

    @Test func `A scorer without work waits for the policy while something is sampled`() {
        #expect(
            count(StageLoad(used: 8, slots: 8), StageLoad(used: 0, slots: 2))
                == ["sample policy": 8, "score policy": 2])
    }

    @Test func `Free slots wait for the coordinator while there is work`() {
        #expect(
            count(StageLoad(used: 0, slots: 8), StageLoad(used: 0, slots: 2))
                == ["sample coordinator": 8, "score coordinator": 2])
    }

    @Test(arguments: [
        (WorkerMetrics.Intake(isRegistered: true), "nothing"),
        (WorkerMetrics.Intake(isRegistered: false), "coordinator"),
        (WorkerMetrics.Intake(isRegistered: true, unacknowledged: 1), "coordinator"),
        (
            WorkerMetrics.Intake(isRegistered: true, workedAt: .zero + .seconds(99)),
            "coordinator"
        ),
        (WorkerMetrics.Intake(isRegistered: true, workedAt: .zero + .seconds(98)), "nothing"),
    ])
    func `A coordinator that is there and grants nothing for long has no work`(
        intake: WorkerMetrics.Intake, side: String
    ) {
        let counts = count(StageLoad(slots: 8), StageLoad(slots: 2), intake)
        #expect(counts == ["sample \(side)": 8, "score \(side)": 2])
    }

    @Test func `A stage that lost slots while they were in use has none that are free`() {
        #expect(
            count(StageLoad(used: 8, slots: 4), StageLoad(used: 2, slots: 2))
                == ["sample policy": 8, "score scorer": 2])
    }

    @Test func `A queue says how many slots are in use, and what waits`() async {
        let queue = StageQueue<Int>(capacity: 2)
        for number in 1...5 { queue.push(number) }
        _ = await queue.next()
        _ = await queue.next()
        #expect(queue.load == StageLoad(used: 2, slots: 2, waiting: 3))
        queue.finish()
        #expect(queue.load == StageLoad(used: 1, slots: 2, waiting: 3))
    }
}
