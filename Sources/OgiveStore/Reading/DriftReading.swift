package import OgiveCore
internal import Postgres

/// How far the distribution of reward of a run's prompts moved to another reference version.
package struct DriftReport: Sendable {
    /// One prompt.
    package struct Prompt: Hashable, Sendable {
        /// Its name within the set.
        package let key: String
        /// Its rewards in the first run.
        package let count: Int
        /// Its rewards in the other run.
        package let otherCount: Int
        /// The distance of Kolmogorov and Smirnov.
        package let distance: Double
        /// Its p-value.
        package let pValue: Double
        /// The mean reward of the other run less that of the first.
        package let meanShift: Double
    }

    /// The mean over prompts of how far one quantile moved.
    package struct Quantile: Hashable, Sendable {
        /// Which quantile.
        package let p: Double
        /// That of the other run less that of the first.
        package let shift: Double
    }

    /// The first run.
    package let run: String
    /// The other run.
    package let other: String
    /// Prompts with rewards in both.
    package let prompts: Int
    /// Prompts with all their draws in both.
    package let complete: Int
    /// Prompts that moved, when at most `falseDiscoveryRate` of them may be by chance.
    package let moved: Int
    /// The share of `moved` that may be by chance.
    package let falseDiscoveryRate: Double
    /// The mean distance; `nil` without prompts.
    package let meanDistance: Double?
    /// The largest distance; `nil` without prompts.
    package let largestDistance: Double?
    /// The mean over prompts of the shifts of mean rewards; `nil` without prompts.
    package let meanShift: Double?
    /// Its standard error over prompts; `nil` with fewer than two.
    package let meanShiftError: Double?
    /// How far quantiles moved.
    package let quantiles: [Quantile]
    /// Distances that divide the prompts into equal parts, ascending: for a plot.
    package let distances: [Double]
    /// The prompts that moved farthest, the farthest first.
    package let farthest: [Prompt]
}

/// SQL that compares two reference versions.
enum DriftQueries {
    static let probabilities = [0.1, 0.25, 0.5, 0.75, 0.9]

    /// $1 run, $2 other, $3 rate.
    static let summary = "SELECT * FROM ogive.drift_summary($1, $2, $3)"

    /// $1 run, $2 other, $3 probabilities.
    static let shifts = """
        SELECT w.p, avg(w.shift) AS shift
        FROM ogive.drift($1, $2, $3) d
        CROSS JOIN LATERAL unnest($3::float8[], d.quantile_shifts) w(p, shift)
        GROUP BY w.p ORDER BY w.p
        """

    /// 201 distances. $1 run, $2 other.
    static let distances = """
        SELECT coalesce(percentile_disc((
                SELECT array_agg(k / 200.0::float8 ORDER BY k) FROM generate_series(0, 200) k))
            WITHIN GROUP (ORDER BY d.ks_distance), '{}') AS distances
        FROM ogive.drift($1, $2, '{}') d
        """

    /// $1 run, $2 other, $3 most.
    static let farthest = """
        SELECT prompt_key, n, other_n, ks_distance, ks_p_value, mean_shift
        FROM ogive.drift($1, $2, '{}') ORDER BY ks_distance DESC, prompt_id LIMIT $3
        """

    /// The run of the version before. $1 run.
    static let parent = """
        SELECT parent_run, parent_sha256 FROM ogive.reference_versions WHERE run = $1
        """
}

extension PostgresStore {
    /// The run of the reference version before that of `run`. Throws `.conflict` when there is no
    /// such run, or it has none.
    package func parent(ofRun run: String) async throws(StoreError) -> String {
        try await database.with("find the version before") { connection in
            let rows = try await connection.query(DriftQueries.parent, [.string(run)])
            guard let row = rows.first else {
                throw StoreError(
                    .conflict, "There is no run \"\(run)\". `ogive status` lists the runs.")
            }
            if let parent = try row.decode("parent_run", as: String?.self) { return parent }
            let hadOne = try row.decode("parent_sha256", as: String?.self) != nil
            throw StoreError(
                .conflict,
                hadOne
                    ? "The run of the version before that of run \"\(run)\" was dropped: name "
                        + "another run to compare with."
                    : "Run \"\(run)\" is the first version of its reference: name another run to "
                        + "compare with, or make the next version by `ogive refresh \(run)`.")
        }
    }

    /// How far the prompts of `run` moved to `other`, with the `most` farthest. Throws `.conflict`
    /// when a run is not there, and what PostgreSQL says when they cannot be compared.
    package func drift(
        from run: String, to other: String, falseDiscoveryRate: Double, most: Int
    ) async throws(StoreError) -> DriftReport {
        try await database.with("compare two runs") { connection in
            let runs: [PostgresValue] = [.string(run), .string(other)]
            let summary = try await connection.query(
                DriftQueries.summary, runs + [.double(falseDiscoveryRate)]
            ).one()
            let shifts = try await connection.query(
                DriftQueries.shifts, runs + [.doubleArray(DriftQueries.probabilities)]
            ).map { DriftReport.Quantile(p: try $0.decode("p"), shift: try $0.decode("shift")) }
            let distances: [Double] = try await connection.query(DriftQueries.distances, runs)
                .one().decode("distances")
            let farthest = try await connection.query(
                DriftQueries.farthest, runs + [.int64(Int64(most))]
            ).map(DriftReport.Prompt.init)
            return DriftReport(
                run: run, other: other, prompts: try summary.decode("prompts"),
                complete: try summary.decode("complete"), moved: try summary.decode("moved"),
                falseDiscoveryRate: falseDiscoveryRate,
                meanDistance: try summary.decode("mean_ks_distance", as: Double?.self),
                largestDistance: try summary.decode("largest_ks_distance", as: Double?.self),
                meanShift: try summary.decode("mean_shift", as: Double?.self),
                meanShiftError: try summary.decode(
                    "mean_shift_standard_error", as: Double?.self),
                quantiles: shifts, distances: distances, farthest: farthest)
        }
    }
}

extension DriftReport.Prompt {
    fileprivate init(_ row: PostgresRow) throws(PostgresError) {
        key = try row.decode("prompt_key")
        count = try row.decode("n")
        otherCount = try row.decode("other_n")
        distance = try row.decode("ks_distance")
        pValue = try row.decode("ks_p_value")
        meanShift = try row.decode("mean_shift")
    }
}
