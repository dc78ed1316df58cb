import OgiveCore
import Testing

@testable import measure

/// The bound that the busy fleet is compared with, by hand.
@Suite(.timeLimit(.minutes(10))) struct ListScheduleTests {
    private func seconds(_ values: Int...) -> [Duration] { values.map { .seconds($0) } }

    @Test func `Whoever is free takes the next job`() {
        let slots = Array(repeating: ListSchedule.Slot(joins: .zero), count: 2)
        let schedule = ListSchedule(seconds(3, 4, 2, 5, 1), slots: slots, grace: .zero)
        // First: 3, then 2 (3–5), then 1 (5–6). Second: 4, then 5 (4–9).
        #expect(schedule.end == .seconds(9))
        #expect(schedule.lastBegin == .seconds(5))
        #expect(ListSchedule.slotTime(of: slots, until: schedule.end) == .seconds(18))
    }

    @Test func `A slot that leaves gives back what is not done within its grace`() {
        let slots = [
            ListSchedule.Slot(joins: .zero, leaves: .seconds(2)),
            ListSchedule.Slot(joins: .seconds(1)),
        ]
        // The first would be done at 10, leaves at 2 and gives back at 5; the second has done its
        // job (1–4) and another (4–6) by then, and does the first job from 6 on.
        let schedule = ListSchedule(seconds(10, 3, 2), slots: slots, grace: .seconds(3))
        #expect(schedule.lost == .seconds(5))
        #expect(schedule.lastBegin == .seconds(4))
        #expect(schedule.end == .seconds(16))
        #expect(ListSchedule.slotTime(of: slots, until: schedule.end) == .seconds(2 + 15))
    }

    @Test func `What is done within the grace counts`() {
        let slots = [
            ListSchedule.Slot(joins: .zero, leaves: .seconds(2)),
            ListSchedule.Slot(joins: .zero),
        ]
        let schedule = ListSchedule(seconds(4, 1, 1), slots: slots, grace: .seconds(3))
        #expect(schedule.lost == .zero)
        #expect(schedule.end == .seconds(4))
    }

    @Test func `An idle slot waits for what comes back`() {
        let slots = [
            ListSchedule.Slot(joins: .zero, leaves: .seconds(1)),
            ListSchedule.Slot(joins: .zero),
        ]
        let schedule = ListSchedule(seconds(10, 1), slots: slots, grace: .seconds(4))
        #expect(schedule.end == .seconds(15))
    }

    @Test func `A fleet without latency is as fast as the bound`() {
        var plan = BusyPlan(law: .lognormal, slots: 16, draws: 400, seed: 1)
        plan.members = plan.members.map { BusyPlan.Member(joins: $0.joins, leaves: nil) }
            .prefix(2).map(\.self)
        plan.latency = .zero
        plan.databaseTime = .zero
        var fleet = BusyFleet(plan)
        fleet.run()
        let best = ListSchedule(plan.durations, slots: plan.slots, grace: plan.grace)
        let work = plan.durations.reduce(Duration.zero, +)
        #expect(best.end * 16 >= work)
        #expect(fleet.end >= work / 16)
        // Prefetched jobs are bound to their worker: at the very end one may wait for another.
        #expect(fleet.end / best.end < 1.2)
        #expect(fleet.lost == .zero)
    }
}
