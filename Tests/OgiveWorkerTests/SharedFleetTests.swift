import Testing

@Suite("Runs that share workers", .timeLimit(.minutes(10)))
struct SharedFleetTests {
    typealias Work = SharedFleet.Work
    typealias Shape = SharedFleet.Shape

    /// Draws a second of each run, once the fleet is in full swing.
    private func rates(_ works: [Work], _ shape: Shape) -> [Double] {
        var fleet = SharedFleet(works, shape)
        _ = fleet.rates(over: .seconds(80))
        return fleet.rates(over: .seconds(120))
    }

    struct Slow: CustomTestStringConvertible, Sendable {
        var quickWeight = 1.0
        var slowWeight = 1.0
        var sampling = Duration.milliseconds(200)
        var scoring = Duration.seconds(2)
        var scoreSlots = 2
        var scoreBatch = 8

        var testDescription: String {
            "weights \(quickWeight) and \(slowWeight), \(sampling) to sample, \(scoring) to score "
                + "\(scoreBatch), \(scoreSlots) slots"
        }

        static let all = [
            Slow(), Slow(slowWeight: 3), Slow(quickWeight: 3), Slow(scoreSlots: 1),
            Slow(sampling: .milliseconds(400), scoring: .seconds(6), scoreSlots: 1),
            Slow(scoring: .seconds(4), scoreBatch: 64),
            Slow(sampling: .seconds(1), scoring: .seconds(10)),
        ]
    }

    @Test(
        "A run whose scorer is slow takes nothing from another but what it can use itself",
        arguments: Slow.all)
    func slowScorer(_ slow: Slow) {
        var shape = Shape()
        shape.scoreSlots = slow.scoreSlots
        shape.scoreBatch = slow.scoreBatch
        let quickCall = Duration.milliseconds(2)
        let quickWork = Work(
            weight: slow.quickWeight, sampling: slow.sampling, scoring: quickCall)
        let slowWork = Work(
            weight: slow.slowWeight, sampling: slow.sampling, scoring: slow.scoring)
        let alone = rates([quickWork], shape)[0]
        let slowAlone = rates([slowWork], shape)[0]
        let both = rates([quickWork, slowWork], shape)
        // A slot of the policy that the slow run does not use is the other's, and the time of the
        // scorer that the quick run does not use is the slow one's.
        let calls = both[0] / 8 * (quickCall / .seconds(1)) / Double(slow.scoreSlots)
        let slowShare = slow.slowWeight / (slow.slowWeight + slow.quickWeight)
        #expect(both[0] >= 0.9 * (alone - both[1]), "\(both), alone \(alone) and \(slowAlone)")
        #expect(
            both[1] >= 0.9 * min(slowAlone * (1 - calls), alone * slowShare),
            "\(both), alone \(alone) and \(slowAlone)")
        shape.isFair = false
        let unfair = rates([quickWork, slowWork], shape)
        #expect(unfair[0] < 0.6 * (alone - unfair[1]), "without what is tested: \(unfair)")
    }

    @Test(
        "Two runs alike share by their weights, whatever limits them",
        arguments: [1, 30, 400, 1_600])
    func alike(scoring: Int) {
        var shape = Shape()
        shape.scoreBatch = 8
        shape.workers = 2
        let light = Work(sampling: .milliseconds(200), scoring: .milliseconds(scoring))
        var heavy = light
        heavy.weight = 3
        let rates = rates([light, heavy], shape)
        let share = rates[0] / (rates[0] + rates[1])
        #expect(abs(share / 0.25 - 1) <= 0.05, "\(rates)")
    }

    @Test("A run whose draws take long gets its share of the policy's time, not of the draws")
    func slowPolicy() {
        let quick = Work(sampling: .milliseconds(200), scoring: .milliseconds(2))
        var slow = quick
        slow.sampling = .milliseconds(1_200)
        slow.weight = 3
        let rates = rates([quick, slow], Shape())
        let times = [rates[0] * 0.2, rates[1] * 1.2]
        #expect(abs(times[0] / (times[0] + times[1]) / 0.25 - 1) <= 0.1, "\(rates)")
    }
}
