package import OgiveCore
internal import Postgres

/// What a landing sends to the database, without a database: for measuring it.
package enum LandingEncoding {
    /// The bytes of the texts' rows of a batch of which nothing is there.
    package static func byteCount(of batch: LandingBatch) throws -> Int {
        let results = batch.results.sorted { $0.key < $1.key }.flatMap(\.value)
        let plan = LandingPlan(results, on: LandingGround())
        let rows = LandingRows(sampling: 1, scoring: 1, now: 0)
        return try rows.completions(plan.completions).byteCount
    }
}
