import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Serving {}
}

extension EndToEndTests.Serving {
    @Test func `A worker whose server differs from the sampling's gets no work and says why`()
        async throws
    {
        guard let python = Checkout.python(), let rows = Checkout.gsm8k(2) else { return }
        try await Workspace.with { workspace in
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let database = try await Database.make()
            let good = try Settings.gsm8k(
                workspace, database: .url(database.url),
                server: Settings.launch(workspace, python: python))
            try await workspace.ogive(["run", "--no-preflight", good])
            // The same name, another context: what it serves is not what was sampled before.
            let argv = try Settings.llamaServer(workspace, python: python, context: 512)
                .map { "\"\($0)\"" }
            let other = try Settings.gsm8k(
                workspace, database: .url(database.url),
                server: "launch: {command: [\(argv.joined(separator: ", "))]}", name: "other.yaml")
            try await workspace.ogive(["submit", good, "-o", "run.draws=12"])
            let coordinator = try workspace.start(["coordinator", good])
            let worker = try workspace.start(["worker", other])
            try await worker.says("no work for this worker")
            #expect(worker.errors.contains("n_ctx"), "\(worker.errors)")
            try await eventually("the reason to be recorded") {
                let note: String = try await database.value(
                    "SELECT coalesce(string_agg(note, ' '), '') FROM ogive.worker_status")
                return note.contains("n_ctx")
            }
            #expect(try await database.landed() == 16)

            // One that serves the same finishes the run beside it.
            let right = try workspace.start(["worker", good])
            try await eventually("the rest to land") { try await database.landed() == 24 }
            for process in [worker, right, coordinator] {
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
            try await workspace.expectNothingRuns()
        }
    }
}
