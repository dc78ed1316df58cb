import OgiveTesting
import Testing

/// One kind of fault at a time: it happens, no rule is broken, and the tables are those of an
/// undisturbed run.
@Suite("Simulated faults, one at a time", .timeLimit(.minutes(10)))
struct SimulatedFaultTests {
    /// Runs seeds with options; each must be clean, and what is asked for must happen in one.
    private func expect(
        _ happens: @escaping (SimulationCounts) -> Bool, seeds: ClosedRange<UInt64> = 1...12,
        in change: (inout SimulationOptions) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var options = SimulationOptions()
        change(&options)
        var hasHappened = false
        for seed in seeds {
            var simulation = Simulation(seed: seed, options: options)
            let outcome = simulation.run()
            #expect(outcome.violations == [], "seed \(seed)", sourceLocation: sourceLocation)
            hasHappened = hasHappened || happens(outcome.counts)
        }
        #expect(hasHappened, "the fault never came", sourceLocation: sourceLocation)
    }

    @Test("Fault 2: a worker is stopped past its lease and continued: its results are stale")
    func stoppedWorker() {
        expect({ $0.workersPaused > 0 && $0.staleResults > 0 }, seeds: 1...40) {
            $0.workerPauses = 6
            $0.slowness = 0.3
        }
    }

    @Test("Fault 3: a late result counts while nobody else has the task")
    func lateResult() {
        expect({ $0.lateResults > 0 }, seeds: 1...40) {
            $0.slowness = 0.6
            $0.delayMax = 1_500
            $0.outages = 6
            $0.commitFailure = 0.5
        }
    }

    @Test("Fault 4: a worker hangs while its heartbeat goes on: the deadline gives its task away")
    func hungWorker() {
        expect({ $0.tasksHung > 0 && $0.leasesExpired > 0 && $0.workersLost == 0 }) {
            $0.hanging = 0.3
        }
    }

    @Test("Fault 5: a lease is lost: it runs out and is granted anew")
    func lostLease() {
        expect({ $0.leasesLost > 0 && $0.leasesExpired > 0 }) { $0.loss = 0.2 }
    }

    @Test("Fault 6: a result is lost: it is sent again until it is acknowledged")
    func lostResult() {
        expect({ $0.resultsLost > 0 && $0.resultsResent > 0 }) { $0.loss = 0.2 }
    }

    @Test("Fault 7: an acknowledgement is lost: it is said again, and one row is there")
    func lostAck() {
        expect({ $0.acksLost > 0 && $0.acksRepeated > 0 && $0.duplicates > 0 }) { $0.loss = 0.2 }
    }

    @Test("Fault 8: results that are doubled and overtake each other change nothing")
    func doubledResults() {
        expect({ $0.messagesDoubled > 0 && $0.duplicates > 0 }) {
            $0.duplication = 0.5
            $0.delayMax = 1_500
        }
    }

    @Test("Fault 9: a connection that is half open is noticed, and the same id registers again")
    func halfOpen() {
        expect({ $0.messagesCut > 0 && $0.workersBack > 0 }) {
            $0.partitions = 5
        }
    }

    @Test("Fault 10: one direction is cut: both sides time out, and converge")
    func asymmetricPartition() {
        expect({ $0.messagesCut > 0 && $0.workersBack > 0 }) {
            $0.oneWayPartitions = 5
        }
    }

    @Test("Fault 11: the coordinator is killed before a commit: the workers send again")
    func killedBeforeCommit() {
        expect({ $0.coordinatorsReplaced > 0 && $0.adopted > 0 && $0.resultsResent > 0 }) {
            $0.coordinatorCrashes = 5
            $0.commitSlowness = 0.5
        }
    }

    @Test("Fault 12: killed after a commit and before the acknowledgement: a duplicate, no more")
    func killedAfterCommit() {
        expect({ $0.commitsUnheard > 0 && $0.duplicates > 0 }, seeds: 1...40) {
            $0.coordinatorCrashes = 6
        }
    }

    @Test("Fault 13: a new coordinator has a new term, and takes over what nobody else has")
    func newTerm() {
        expect({ $0.coordinatorsReplaced > 0 && $0.reRegistrations > 0 && $0.adopted > 0 }) {
            $0.coordinatorCrashes = 4
        }
    }

    @Test("Fault 14: of two coordinators the former is refused, and stops")
    func twoCoordinators() {
        expect({ $0.staleTermsRefused > 0 && $0.coordinatorsSteppedDown > 0 }) {
            $0.coordinatorCrashes = 4
            $0.zombies = true
        }
    }

    @Test("Fault 15: a leader that wakes after its time writes nothing, and stops")
    func pausedLeader() {
        expect({ $0.coordinatorsPaused > 0 && $0.coordinatorsSteppedDown > 0 }) {
            $0.coordinatorPauses = 5
        }
    }

    @Test("Fault 16: wall clocks jump by an hour: nothing runs out")
    func wallClock() {
        var options = SimulationOptions()
        options.clockSteps = 8
        options.delayMax = 1
        var disturbed = Simulation(seed: 1, options: options)
        let outcome = disturbed.run()
        #expect(outcome.violations == [])
        var calm = SimulationCounts()
        calm.clockSteps = 8
        #expect(outcome.counts == calm)
    }

    @Test("Fault 17: a heartbeat from an unknown worker is answered with ReRegister")
    func unknownWorker() {
        expect({ $0.workersLost > 0 && $0.reRegistrations > 0 }) { $0.workerPauses = 6 }
    }

    @Test("Fault 22: messages under a stolen routing id are dropped and counted")
    func stolenID() {
        expect({ $0.thefts > 0 && $0.theftsDropped == $0.thefts }) { $0.thefts = 6 }
    }

    @Test(
        "Fault 36: prompts that end their workers become failures; what was beside them does not",
        arguments: [1, 4])
    func poison(workers: Int) {
        for attemptsMax in 2...5 {
            for seed in 1...4 as ClosedRange<UInt64> {
                var options = SimulationOptions()
                options.workers = workers
                options.poisonPrompts = 2
                options.attemptsMax = attemptsMax
                options.healTime = .seconds(600)
                // In order, as a connection is: a lease that overtakes its welcome is lost.
                options.delayMax = 1
                var simulation = Simulation(seed: seed, options: options)
                let outcome = simulation.run()
                #expect(outcome.violations == [])
                #expect(outcome.counts.poisonings >= 2 * attemptsMax)
                // The items of both prompts: 6 draws each, and 2 candidates of the first, twice.
                #expect(outcome.counts.itemsGivenUp == 16)
            }
        }
    }

    @Test("A budget that is spent leaves whole prompts, and goes on when it is raised")
    func budget() {
        expect({ $0.budgetsSpent > 0 }, seeds: 1...20) {
            $0.prompts = 60
            $0.budget = 60
            $0.budgetRaises = 2
        }
    }

    @Test("A budget that is spent while coordinators come and go leaves whole prompts")
    func budgetOfSeveral() {
        expect({ $0.budgetsSpent > 0 && $0.coordinatorsReplaced > 0 }, seeds: 1...20) {
            $0.prompts = 20
            $0.runs = 3
            $0.budget = 40
            $0.budgetRaises = 2
            $0.coordinatorCrashes = 4
            $0.workerCrashes = 4
        }
    }

    @Test("Fault 41: a fleet registers again at once: nobody is taken for lost")
    func massReconnect() {
        expect({ $0.reRegistrations >= 64 && $0.workersLost == 0 && $0.leasesExpired == 0 }) {
            $0.workers = 64
            $0.delayMax = 1
            $0.coordinatorCrashes = 1
        }
    }
}
