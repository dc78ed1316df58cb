package import OgiveCore
internal import Postgres

/// How often the draws of a run's prompts passed a verifier.
package struct PassRateReport: Sendable {
    /// pass@k, on average over the prompts with at least k rewards.
    package struct PassAt: Hashable, Sendable {
        /// Number of draws of which one has to pass.
        package let k: Int
        /// Prompts with so many rewards.
        package let prompts: Int
        /// The mean of their estimates; `nil` without prompts.
        package let mean: Double?
        /// Its standard error over prompts; `nil` with fewer than two.
        package let standardError: Double?
    }

    /// One prompt.
    package struct Prompt: Hashable, Sendable {
        /// Its name within the set.
        package let key: String
        /// Draws with a reward.
        package let count: Int
        /// Draws that passed.
        package let passed: Int
        /// The share of them.
        package let rate: Double
        /// The lower end of its 95 % interval.
        package let lower: Double
        /// The upper end.
        package let upper: Double
    }

    /// The run.
    package let run: String
    /// Prompts with a reward.
    package let prompts: Int
    /// Prompts of which every draw failed.
    package let neverPassed: Int
    /// Prompts of which every draw passed.
    package let alwaysPassed: Int
    /// The mean pass rate; `nil` without prompts.
    package let meanRate: Double?
    /// pass@k for each k that was asked about.
    package let passAt: [PassAt]
    /// Pass rates that divide the prompts into equal parts, ascending: for a plot.
    package let rates: [Double]
    /// Prompts whose pass rate is in the band that was asked about.
    package let chosen: Int
}

/// Which pass rates are asked about.
package struct PassRateRequest: Hashable, Sendable {
    /// The run.
    package var run: String
    /// Numbers of draws.
    package var k: [Int]
    /// From which reward on a draw passes; `nil`: rewards are 0 or 1.
    package var passesFrom: Double?
    /// The least pass rate of a prompt that is chosen.
    package var minRate = 0.0
    /// The greatest one.
    package var maxRate = 1.0

    /// All prompts of a run whose rewards are 0 or 1.
    package init(run: String, k: [Int]) {
        self.run = run
        self.k = k
    }
}

/// The prompts whose pass rate is in a band, as a curriculum chooses them.
package struct PassRateBand: Hashable, Sendable {
    /// The least pass rate.
    package var minRate: Double
    /// The greatest one.
    package var maxRate: Double
    /// From which reward on a draw passes; `nil`: rewards are 0 or 1.
    package var passesFrom: Double?

    /// Takes shares from 0 to 1, the least first.
    package init(minRate: Double = 0, maxRate: Double = 1, passesFrom: Double? = nil) {
        self.minRate = minRate
        self.maxRate = maxRate
        self.passesFrom = passesFrom
    }
}

/// SQL that reads pass rates.
enum PassRateQueries {
    /// $1 run, $2 passes from, $3 and $4 the band.
    static let summary = """
        SELECT count(*) AS prompts, count(*) FILTER (WHERE passed = 0) AS never_passed,
            count(*) FILTER (WHERE passed = n) AS always_passed, avg(pass_rate) AS mean_rate,
            count(*) FILTER (WHERE pass_rate BETWEEN $3 AND $4) AS chosen,
            coalesce(percentile_disc((
                    SELECT array_agg(k / 200.0::float8 ORDER BY k)
                    FROM generate_series(0, 200) k))
                WITHIN GROUP (ORDER BY pass_rate), '{}') AS rates
        FROM ogive.pass_rates($1, '{}', $2)
        """

    /// $1 run, $2 passes from, $3 k.
    static let passAt = """
        SELECT a.k, count(r.pass_at[1]) AS prompts, avg(r.pass_at[1]) AS mean,
            stddev_samp(r.pass_at[1]) / sqrt(nullif(count(r.pass_at[1]), 0)) AS standard_error
        FROM unnest($3::integer[]) a(k)
        LEFT JOIN LATERAL ogive.pass_rates($1, ARRAY[a.k], $2) r ON true
        GROUP BY a.k ORDER BY a.k
        """

    /// $1 run, $2 passes from, $3 and $4 the band, $5 after, $6 most.
    static let prompts = """
        SELECT prompt_id, prompt_key, n, passed, pass_rate, lower, upper
        FROM ogive.pass_rates($1, '{}', $2, $3, $4) WHERE prompt_id > $5
        ORDER BY prompt_id LIMIT $6
        """
}

extension PostgresStore {
    /// How often the draws of a run passed. Throws `.conflict` when there is no such run, and what
    /// PostgreSQL says of rewards that are neither 0 nor 1.
    package func passRates(
        _ request: PassRateRequest
    ) async throws(StoreError) -> PassRateReport {
        try await database.with("read pass rates") { connection in
            let run = PostgresValue.string(request.run)
            let from = PostgresValue.optional(request.passesFrom, PostgresValue.double)
            let row = try await connection.query(
                PassRateQueries.summary,
                [run, from, .double(request.minRate), .double(request.maxRate)]
            ).one()
            let passAt = try await connection.query(
                PassRateQueries.passAt,
                [run, from, .int32Array(request.k.map { Int32(clamping: $0) })]
            ).map { row in
                PassRateReport.PassAt(
                    k: try row.decode("k"), prompts: try row.decode("prompts"),
                    mean: try row.decode("mean", as: Double?.self),
                    standardError: try row.decode("standard_error", as: Double?.self))
            }
            return PassRateReport(
                run: request.run, prompts: try row.decode("prompts"),
                neverPassed: try row.decode("never_passed"),
                alwaysPassed: try row.decode("always_passed"),
                meanRate: try row.decode("mean_rate", as: Double?.self), passAt: passAt,
                rates: try row.decode("rates"), chosen: try row.decode("chosen"))
        }
    }

    /// Prompts whose pass rate is in the band, in order of prompt, at most `limit`; and where the
    /// next ones begin, `nil` after the last one.
    package func passRatePrompts(
        _ request: PassRateRequest, after cursor: PromptID? = nil, limit: Int
    ) async throws(StoreError) -> (prompts: [PassRateReport.Prompt], next: PromptID?) {
        try await database.with("read pass rates") { connection in
            let rows = try await connection.query(
                PassRateQueries.prompts,
                [
                    .string(request.run), .optional(request.passesFrom, PostgresValue.double),
                    .double(request.minRate), .double(request.maxRate),
                    .int64(cursor?.rawValue ?? 0), .int64(Int64(limit)),
                ])
            let prompts = try rows.map { row in
                PassRateReport.Prompt(
                    key: try row.decode("prompt_key"), count: try row.decode("n"),
                    passed: try row.decode("passed"), rate: try row.decode("pass_rate"),
                    lower: try row.decode("lower"), upper: try row.decode("upper"))
            }
            let last = try rows.map { try $0.decode("prompt_id", as: Int64.self) }.last
            return (prompts, prompts.count < limit ? nil : last.map { PromptID($0) })
        }
    }
}
