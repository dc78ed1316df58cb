import Glibc
import Harness
import Postgres
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct Models {}
}

extension FaultTests.Models {
    typealias Fault = ScriptedModels.Fault

    /// Faults that a request survives when it is sent again. (That a policy is late although it
    /// answers others is final: a long completion would be late again.)
    private static let transient = [
        Fault("status", status: 429, retryAfter: "1"), Fault("status", status: 503),
        Fault("status", status: 500), Fault("disconnect"),
    ]

    @Test("Fault 34: the policy's server answers 429, 500, 503, or breaks off")
    func policyFaults() async throws {
        try await withstands(Self.patient) { installation in
            let faults = Self.transient.enumerated().map { place, fault in
                var fault = fault
                // Each once, and apart, so that no request meets many of them.
                fault.every = 3 * (place + 1)
                fault.most = 1
                return fault
            }
            try installation.models.change { $0.policy = faults }
            try installation.startCoordinator()
            try installation.startWorkers("a", "b")
            try await installation.finished()
            let requests = try installation.models.requests.filter { $0.kind == "policy" }
            #expect(requests.count { !$0.fault.isEmpty } == faults.count, "not all faults were met")
            // Whoever was told to wait a second did.
            let slowed = try #require(requests.firstIndex { $0.fault == "status" })
            let again = try #require(
                requests[(slowed + 1)...].first { $0.seed == requests[slowed].seed })
            #expect(again.time - requests[slowed].time >= 1)
            // A draw that came is never asked for again.
            var successes: [Int: Int] = [:]
            for request in requests where request.fault.isEmpty {
                let seed = try #require(request.seed)
                for draw in seed..<(seed + request.n) { successes[draw, default: 0] += 1 }
            }
            #expect(successes.values.allSatisfy { $0 == 1 })
        }
    }

    @Test("Fault 34: the scorer's server answers 429, 500, 503, late, or breaks off")
    func scorerFaults() async throws {
        try await withstands(Self.patient) { installation in
            let faults = (Self.transient + [Fault("hang")]).enumerated().map { place, fault in
                var fault = fault
                // Each once, and apart, so that no request meets many of them.
                fault.every = 3 * (place + 1)
                fault.most = 1
                return fault
            }
            try installation.models.change { $0.scorer = faults }
            try installation.startCoordinator()
            try installation.startWorkers("a", "b")
            try await installation.finished()
            let requests = try installation.models.requests.filter { $0.kind == "scorer" }
            #expect(requests.count { !$0.fault.isEmpty } == faults.count, "not all faults were met")
            // A failed scoring repeats the scoring; the completions stay.
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 34: the policy is late for one prompt and answers others: a typed failure")
    func latePolicy() async throws {
        let plan = Plan { $0.settings = ["policy.request_timeout=2s"] }
        let late = 3
        try await withstands(plan, failing: ["p\(late)"]) { installation in
            let text = installation.plan.text(of: late)
            try installation.models.change { $0.policy = [Fault("hang", text: text)] }
            try installation.startCoordinator()
            try installation.startWorkers("a")
            try await installation.finished()
            let failures = try await installation.postgres.database.rows(
                "SELECT stage, code, attempts FROM ogive.failures")
            #expect(failures.count == plan.draws)
            for failure in failures {
                #expect(try failure.decode("stage", as: String.self) == "sampling")
                #expect(try failure.decode("code", as: String.self) == "timeout")
                #expect(try failure.decode("attempts", as: Int32.self) == 1)
            }
            // A second request would be a second chance to be shorter.
            try installation.expectNothingAskedTwice()
        }
    }

    @Test("Fault 34: both servers refuse everything for a while, and items wait")
    func overload() async throws {
        let plan = Plan { $0.settings = ["worker.attempts_max=2"] }
        try await withstands(plan) { installation in
            try installation.models.change {
                $0.policy = [Fault("status", status: 503)]
                $0.scorer = [Fault("status", status: 429)]
            }
            try installation.startCoordinator()
            try installation.startWorkers("a")
            try await eventually("the policy to refuse often") {
                try installation.models.requests.count { $0.kind == "policy" } >= 4
            }
            try installation.models.change { $0.policy = [] }
            try await eventually("the scorer to refuse often") {
                try installation.models.requests.count { $0.kind == "scorer" } >= 1
            }
            #expect(try await installation.landed() == 0)
            try installation.models.change { $0.scorer = [] }
        }
    }

    @Test("Fault 35: what is no reward is a typed failure, and never stored")
    func badRewards() async throws {
        let codes = [
            "nan": "malformed", "infinity": "malformed", "text": "malformed",
            "null": "not_finite", "count": "wrong_count", "more": "wrong_count",
            "truncate": "malformed",
        ]
        try await expectFailures(codes, of: "scoring", settings: []) { $0.scorer = $1 }
    }

    @Test("Fault 35: what is no completion is a typed failure, and never stored")
    func badCompletions() async throws {
        let codes = [
            "nan": "malformed", "more": "malformed", "count": "wrong_count",
            "truncate": "malformed", "disconnect": "server_error",
        ]
        // With several draws in a request only the one that lacks would fail.
        let single = ["policy.draws_per_request=1"]
        try await expectFailures(codes, of: "sampling", settings: single) { $0.policy = $1 }
    }

    /// Each fault happens to all requests for a prompt of its own: all of that prompt's draws fail
    /// with the fault's code, and nobody else's do.
    private func expectFailures(
        _ codes: [String: String], of stage: String, settings: [String],
        _ change: (inout ScriptedModels.Script, [Fault]) -> Void
    ) async throws {
        // Not beside each other, so that each batch is of few prompts.
        let faults = codes.keys.sorted()
        let prompts = faults.indices.map { $0 * 3 }
        let plan = Plan { $0.settings = ["worker.attempts_max=2"] + settings }
        try await withstands(plan, failing: Set(prompts.map { "p\($0)" })) { installation in
            let rules = zip(faults, prompts).map { fault, prompt in
                Fault(fault, text: installation.plan.text(of: prompt))
            }
            try installation.models.change { change(&$0, rules) }
            try installation.startCoordinator()
            try installation.startWorkers("a")
            try await installation.finished()
            let rows = try await installation.postgres.database.rows(
                "SELECT prompt_key, stage, code FROM ogive.failures")
            #expect(rows.count == prompts.count * plan.draws)
            for row in rows {
                let key = try row.decode("prompt_key", as: String.self)
                let place = try #require(prompts.firstIndex { "p\($0)" == key })
                #expect(try row.decode("stage", as: String.self) == stage)
                #expect(
                    try row.decode("code", as: String.self) == codes[faults[place]],
                    "\(faults[place])")
            }
        }
    }

    @Test("Fault 35: another model is served behind the same URL, and nothing of it is stored")
    func swappedModel() async throws {
        try await withstands { installation in
            try await installation.getUnderWay()
            // Another model has other pages, texts and rewards; the server is back at once.
            try await installation.models.kill()
            try installation.models.change {
                $0.root = "weights-2"
                $0.salt = "other"
                $0.latency = 0
                $0.quick = nil
            }
            try await installation.models.start()
            let landed = try await installation.landed()
            for worker in installation.workers.values {
                try await worker.says("weights-2")
                try await worker.status()
            }
            #expect(try await installation.landed() < installation.total)
            #expect(landed < installation.total)
            try await installation.models.kill()
            try installation.models.change {
                $0.root = "weights-1"
                $0.salt = ""
            }
            try await installation.models.start()
            try installation.startWorkers("again")
        }
    }

    private static let patient = Plan {
        // More attempts than there are faults, so that none is the last one of a request.
        $0.settings =
            ["worker.attempts_max=20", "policy.request_timeout=2s"]
            + ["scorer.request_timeout=2s"]
    }
}
