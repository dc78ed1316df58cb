import Glibc
import Harness
import Postgres
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct Processes {}
}

extension FaultTests.Processes {
    @Test("Fault 1: a worker is killed in the middle of a task")
    func killedWorker() async throws {
        try await withstands { installation in
            try await installation.holdTask(of: "a")
            installation.workers["a"]?.signal(SIGKILL)
            try installation.models.change { $0.policy = [] }
            try installation.startWorkers("b")
            try await installation.coordinator?.says("worker lost")
        }
    }

    @Test("Fault 2: a worker is stopped past its lease, and goes on when others have its tasks")
    func stoppedWorker() async throws {
        try await withstands { installation in
            try await installation.holdTask(of: "a")
            installation.workers["a"]?.signal(SIGSTOP)
            try await installation.coordinator?.says("worker lost")
            // The answers come while nobody reads them, and tell what is stale from what is not;
            // meanwhile its tasks are granted anew.
            try installation.models.change {
                $0.policy = [.init("hold", client: "b")]
                $0.salt = "stale"
            }
            try installation.startWorkers("b")
            try await eventually("b to have the tasks of a") {
                try installation.models.requests.contains {
                    $0.client == "b" && $0.kind == "policy"
                }
            }
            try installation.models.change { $0.salt = "" }
            installation.workers["a"]?.signal(SIGCONT)
            let coordinator = try #require(installation.coordinator)
            try await eventually("a to register again", detail: { coordinator.transcript }) {
                coordinator.errors.matches(of: /worker registered name=a/).count == 2
            }
            // With b's tasks still open, a has had its chance to land what is stale.
            try await eventually("a to draw the rest") {
                try await installation.landed() >= installation.total - 64
            }
            try installation.models.change { $0.policy = [] }
            try await installation.finished()
            #expect(try installation.timesAsked.values.contains(2), "nothing was granted twice")
        }
    }

    @Test("Fault 36: a prompt kills every worker that takes it")
    func poisonPrompt() async throws {
        let poison = 7
        let plan = Plan { $0.settings = ["coordinator.attempts_max=3"] }
        try await withstands(plan, failing: ["p\(poison)"]) { installation in
            // The models cannot kill a worker, so its operator's script does: whoever asks for a
            // draw of this prompt dies, and is started again.
            let text = installation.plan.text(of: poison)
            try installation.models.change { $0.policy = [.init("hold", text: text)] }
            try installation.startCoordinator()
            try installation.startWorkers("a", "b")
            try await eventually("all others to land") {
                try await installation.landed() == installation.total - installation.plan.draws
            }
            var seen = 0
            try await eventually("the run to finish", detail: { installation.transcript }) {
                let victims = try installation.models.requests.filter { $0.prompt == text }
                for victim in victims.dropFirst(seen) {
                    let worker = installation.workers[victim.client]
                    worker?.signal(SIGKILL)
                    try await worker?.status()
                    try installation.startWorker(victim.client)
                }
                seen = victims.count
                let state: String = try await installation.postgres.database.value(
                    "SELECT state FROM ogive.runs")
                return state == "finished"
            }
            let failures = try await installation.postgres.database.rows(
                "SELECT item_index, code, attempts FROM ogive.failures")
            #expect(failures.count == installation.plan.draws)
            for failure in failures {
                #expect(try failure.decode("code", as: String.self) == "worker_lost")
                #expect(try failure.decode("attempts", as: Int32.self) == 3)
            }
        }
    }
}

extension Installation {
    /// Starts coordinator and worker, and returns when the worker has tasks that the policy does
    /// not answer while its script stays as it is.
    func holdTask(of worker: String) async throws {
        try models.change { $0.policy = [.init("hold", client: worker)] }
        try startCoordinator()
        try startWorkers(worker)
        try await eventually("worker \(worker) to ask for draws") {
            try models.requests.contains { $0.client == worker && $0.fault == "hold" }
        }
    }
}
