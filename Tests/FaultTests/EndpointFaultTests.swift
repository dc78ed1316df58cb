import Harness
import Postgres
import Testing

extension FaultTests {
    @Suite(.serialized, .timeLimit(.minutes(10))) struct Endpoints {}
}

/// A worker with two endpoints of each model, of which one is sound.
extension FaultTests.Endpoints {
    typealias Fault = ScriptedModels.Fault

    private static let faults = [
        Fault("status", status: 429, retryAfter: "1"), Fault("status", status: 503),
        Fault("status", status: 500), Fault("disconnect"), Fault("hang"), Fault("drip"),
    ]

    private static let plan = Plan {
        $0.settings = ["policy.request_timeout=2s", "scorer.request_timeout=2s"]
    }

    private func start(_ installation: Installation, _ first: String, _ second: String) throws {
        let settings = ["policy", "scorer"].map { "\($0).url=[\(first), \(second)]" }
        try installation.startWorker("a", settings: settings)
    }

    @Test("Fault 34: an endpoint that fails costs only itself", arguments: faults)
    func oneFails(_ fault: Fault) async throws {
        try await withstands(Self.plan) { installation in
            var fault = fault
            fault.client = "bad"
            try installation.models.change {
                $0.policy = [fault]
                $0.scorer = [fault]
            }
            try installation.startCoordinator()
            let models = installation.models
            try start(installation, models.url(client: "bad"), models.url(client: "good"))
            try await installation.finished()
            let requests = try models.requests
            #expect(requests.contains { $0.client == "bad" && $0.kind == "policy" })
            #expect(requests.filter { $0.client == "bad" }.allSatisfy { !$0.fault.isEmpty })
        }
    }

    @Test("`ogive status` says which endpoint gets no requests, and when it does again")
    func isShown() async throws {
        try await withstands(Self.plan) { installation in
            let models = installation.models
            let fault = Fault("status", client: "bad", status: 503)
            try models.change {
                $0.policy = [fault]
                // The run must not end before its status has been asked for.
                $0.latency = 1
            }
            try installation.startCoordinator()
            try start(installation, models.url(client: "bad"), models.url(client: "good"))
            let url = models.url(client: "bad")
            try await eventually("the endpoint to be shown as unavailable") {
                let status = try await installation.status()
                return status.contains(#""unavailable_endpoints":[{"#) && status.contains(url)
                    && status.contains(#""code":"overloaded""#)
            }
            // Found again and gone again, it is not shown for a moment in between.
            try await eventually("the endpoint to be shown to people") {
                let text = try await installation.status(json: false)
                return text.contains("ENDPOINT WITHOUT REQUESTS") && text.contains(url)
            }
            try models.change {
                $0.policy = []
                $0.latency = 0
            }
            try await eventually("the endpoint to be gone from the status") {
                try await installation.status().contains(#""unavailable_endpoints":[]"#)
            }
            try await installation.finished()
        }
    }

    @Test("Fault 34: an endpoint where nobody listens costs only itself")
    func oneIsGone() async throws {
        try await withstands(Self.plan) { installation in
            try installation.startCoordinator()
            // The port of TCP's echo service: nobody listens there.
            try start(
                installation, "http://127.0.0.1:7", installation.models.url(client: "good"))
            try await installation.finished()
        }
    }
}
