import Glibc
import Harness
import Postgres

/// Faults on one installation, for a time; afterwards it is as healthy as before.
final class ChaosRun {
    /// Those that are waited out: what is no answer at all would be a typed failure.
    private static let modelFaults: [ScriptedModels.Fault] = [
        .init("status", every: 2, status: 503), .init("status", every: 2, status: 500),
        .init("status", every: 3, status: 429, retryAfter: "1"), .init("disconnect", every: 2),
    ]

    private let installation: Installation
    private let options: Options
    private let clock = ContinuousClock()
    private let begun = ContinuousClock.now
    private var dice: Dice
    private var recoveries: [(at: ContinuousClock.Instant, what: Recovery)] = []
    private var isPostgresUp = true
    private var areModelsUp = true

    /// Draws of each prompt that were asked for last.
    private(set) var draws: Int
    /// How often each fault happened.
    private(set) var counts: [Fault: Int] = [:]
    /// How often a process that nobody killed had to be started again.
    private(set) var ends = 0

    init(_ installation: Installation, _ options: Options) {
        self.installation = installation
        self.options = options
        draws = installation.plan.draws
        dice = Dice(seed: options.seed)
    }

    private var names: [String] { (0..<options.workers).map { "w\($0)" } }

    /// Lets things happen, and heals.
    func run() async throws {
        try installation.models.change { $0.latency = 0.8 }
        try installation.startCoordinator()
        for name in names { try installation.startWorker(name) }
        let end = begun + .seconds(options.minutes * 60)
        var next = clock.now + .seconds(2)
        var refill = clock.now + .seconds(5)
        while clock.now < end {
            try await recover(all: false)
            try restartEnded()
            if clock.now >= next {
                try await happen(dice.pick(Fault.bag))
                next = clock.now + dice.time(500...4000)
            }
            if clock.now >= refill, isPostgresUp {
                try await self.refill()
                refill = clock.now + .seconds(5)
            }
            try await clock.sleep(for: .milliseconds(20))
        }
        try await heal()
    }

    private func say(_ text: String) {
        let tenths = (clock.now - begun) / .milliseconds(100)
        print("\((tenths.rounded(.down)) / 10) s: \(text)")
        fflush(nil)
    }

    private func happen(_ fault: Fault) async throws {
        let later = clock.now + dice.time(300...3000)
        var subject = ""
        switch fault {
        case .killWorker, .stopWorker:
            let name = dice.pick(names)
            subject = " \(name)"
            guard installation.workers[name]?.isRunning == true else { return }
            installation.workers[name]?.signal(fault == .killWorker ? SIGKILL : SIGSTOP)
            recoveries.append(
                (later, fault == .killWorker ? .startWorker(name) : .continueWorker(name)))
        case .killCoordinator, .stopCoordinator:
            guard installation.coordinator?.isRunning == true else { return }
            installation.coordinator?.signal(fault == .killCoordinator ? SIGKILL : SIGSTOP)
            recoveries.append(
                (later, fault == .killCoordinator ? .startCoordinator : .continueCoordinator))
        case .crashPostgres:
            guard isPostgresUp else { return }
            isPostgresUp = false
            try await installation.postgres.crash()
            recoveries.append((later, .startPostgres))
        case .cutDatabase: installation.databaseProxy?.cut()
        case .cutBeforeCommit, .cutAfterCommit:
            installation.databaseProxy?.stopCommit(fault == .cutBeforeCommit ? .before : .after)
            recoveries.append((later, .cutHeldCommit))
        case .cutWorkers: installation.coordinatorProxy?.cut()
        case .holdUp, .holdDown:
            installation.coordinatorProxy?.hold([fault == .holdUp ? .up : .down])
            recoveries.append((later, .releaseWorkers))
        case .policyFault, .scorerFault:
            let rule = dice.pick(Self.modelFaults)
            subject = " (\(rule.name) \(rule.status.map { "\($0)" } ?? ""))"
            try installation.models.change { script in
                if fault == .policyFault { script.policy = [rule] } else { script.scorer = [rule] }
            }
            recoveries.append((later, .repairModels))
        case .killModels:
            guard areModelsUp else { return }
            areModelsUp = false
            try await installation.models.kill()
            recoveries.append((later, .startModels))
        }
        counts[fault, default: 0] += 1
        say(fault.rawValue + subject)
    }

    private func recover(all: Bool) async throws {
        let now = clock.now
        let due = recoveries.filter { all || $0.at <= now }
        recoveries.removeAll { all || $0.at <= now }
        for (_, recovery) in due {
            switch recovery {
            case .startWorker(let name): try start(name)
            case .continueWorker(let name): installation.workers[name]?.signal(SIGCONT)
            case .startCoordinator: try startCoordinator()
            case .continueCoordinator: installation.coordinator?.signal(SIGCONT)
            case .startPostgres:
                try await installation.postgres.start()
                isPostgresUp = true
            case .cutHeldCommit: installation.databaseProxy?.releaseCommits()
            case .releaseWorkers: installation.coordinatorProxy?.release()
            case .repairModels:
                try installation.models.change {
                    $0.policy = []
                    $0.scorer = []
                }
            case .startModels:
                try await installation.models.start()
                areModelsUp = true
            }
        }
    }

    private func start(_ name: String) throws {
        if installation.workers[name]?.isRunning != true { try installation.startWorker(name) }
    }

    private func startCoordinator() throws {
        if installation.coordinator?.isRunning != true { try installation.startCoordinator() }
    }

    /// Processes end by themselves when what they need is away while they start.
    private func restartEnded() throws {
        guard isPostgresUp, areModelsUp, recoveries.isEmpty else { return }
        for name in names where installation.workers[name]?.isRunning != true {
            ends += 1
            say("\(name) has ended and is started again\n\(lastLines(installation.workers[name]))")
            try start(name)
        }
        if installation.coordinator?.isRunning != true {
            ends += 1
            say(
                "the coordinator has ended and is started again\n"
                    + lastLines(installation.coordinator))
            try startCoordinator()
        }
    }

    private func lastLines(_ program: Program?) -> String {
        let lines = program?.errors.split(separator: "\n").suffix(2) ?? []
        return lines.map { "    \($0)" }.joined(separator: "\n")
    }

    /// Asks for more draws before the work runs out.
    private func refill() async throws {
        let row = try await installation.postgres.database.rows(
            "SELECT landed::int8, pending::int8 FROM ogive.run_status"
        ).one()
        let landed: Int = try row.decode(0)
        let pending: Int = try row.decode(1)
        say("\(landed) draws have landed, \(pending) are pending")
        if pending < installation.total / 2 {
            draws += installation.plan.draws
            say("asking for \(draws) draws of each prompt")
            try await installation.submit(draws: draws)
        }
    }

    /// Ends all faults and waits until everything is done.
    private func heal() async throws {
        say("healing")
        try await recover(all: true)
        installation.databaseProxy?.cut()
        try installation.models.change {
            $0.policy = []
            $0.scorer = []
            $0.latency = 0
        }
        try await eventually("the run to finish", within: .seconds(300)) {
            try restartEnded()
            let state: String = try await installation.postgres.database.value(
                "SELECT state FROM ogive.runs")
            return state == "finished"
        }
        say("finished")
    }
}
