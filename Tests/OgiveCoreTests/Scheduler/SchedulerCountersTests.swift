import OgiveCore
import Testing

/// The totals of the scheduler, as operators know them.
@Suite(.timeLimit(.minutes(10))) struct SchedulerCountersTests {
    @Test func eachTotalHasANameOfItsOwn() {
        let counters = SchedulerCounters()
        #expect(Mirror(reflecting: counters).children.count == counters.counts.count)
    }
}
