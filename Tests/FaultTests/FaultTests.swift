import Harness
import Postgres
import Testing

/// Faults of the list, with real processes. The suites in it run beside each other and their
/// tests one after another, so that few processes run at once.
@Suite("Faults", .undisturbed, .timeLimit(.minutes(10)))
struct FaultTests {}

/// Makes what all tests of the suite share: a database to be copied, and the tables of a run
/// that nothing disturbed.
struct Undisturbed: SuiteTrait, TestScoping {
    /// What the tests find.
    struct Baseline {
        let template: PostgresTemplate
        let tables: [String: String]
    }

    @TaskLocal static var baseline: Baseline?

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await PostgresTemplate.with { template in
            var tables: [String: String] = [:]
            try await Installation.with(template, Plan()) { installation in
                try installation.startCoordinator()
                try installation.startWorkers("only")
                try await installation.finished()
                try await installation.check()
                tables = try await installation.tables()
            }
            let baseline = Baseline(template: template, tables: tables)
            try await Self.$baseline.withValue(baseline) { try await function() }
        }
    }
}

extension Trait where Self == Undisturbed {
    static var undisturbed: Undisturbed { Undisturbed() }
}

/// Runs `fault` on an installation, lets it finish, and holds the result against the sets and
/// the undisturbed tables. Only prompts of `failing` may differ: they have failures.
func withstands(
    _ plan: Plan = Plan(), prefix: [String] = [], failing: Set<String> = [],
    _ fault: (Installation) async throws -> Void
) async throws {
    let baseline = try #require(Undisturbed.baseline)
    try await Installation.with(baseline.template, plan, prefix: prefix) { installation in
        try await fault(installation)
        try await installation.finished()
        try await installation.check()
        var expected = baseline.tables
        if plan.promptLength > 0 || plan.prompts != Plan().prompts || plan.draws != Plan().draws {
            throw Unexpected("the plan is not the undisturbed run's")
        }
        var tables = try await installation.tables()
        let failures = try await installation.postgres.database.rows(
            "SELECT DISTINCT prompt_key, stage, code, message FROM ogive.failures")
        let failed = try failures.map { try $0.decode("prompt_key", as: String.self) }
        let reasons = try failures.map { try $0.decode("message", as: String.self) }
        #expect(Set(failed) == failing, "\(reasons)")
        for key in failing {
            tables[key] = nil
            expected[key] = nil
        }
        #expect(expected.count == plan.prompts - failing.count)
        let other = Set(tables.keys).union(expected.keys).filter { tables[$0] != expected[$0] }
        #expect(other.isEmpty, "the tables differ from those of the undisturbed run")
    }
}
