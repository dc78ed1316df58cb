import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct ScorerBudget {}
}

extension EndToEndTests.ScorerBudget {
    @Test func `A scorer's tokens have a price and count in the budget`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 100)
            let database = try await Database.make()
            let models = try await ScriptedModels(workspace)
            let config = try Settings.scripted(
                workspace, database: .url(database.url), models: models.url(client: "one"))
            // Those of the policy, at most 100 × (3 + 4 × 25), are fewer; the scorer's are more.
            try await workspace.ogive(
                ["run", "--no-preflight", config, "-o", "run.budget.tokens=12000"], exit: 4)
            #expect(try await database.landed() < 400)
            try await workspace.ogive(
                ["run", "--no-preflight", config, "-o", "run.budget.cost=1000"])
            #expect(try await database.landed() == 400)
            let reported = try models.requests.compactMap(\.tokens).reduce(0, +)
            #expect(reported > 40_000)
            let charged: Int = try await database.value(
                "SELECT scorer_input::int FROM ogive.run_spending")
            #expect(charged == reported)
            let cost: Double = try await database.value("SELECT cost FROM ogive.run_spending")
            #expect(abs(cost - Double(reported) * 3 / 1e6) < 1e-9)
        }
    }
}
