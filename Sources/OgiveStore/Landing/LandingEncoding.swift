package import OgiveCore
internal import Postgres

/// What a landing sends to the database, without a database: for measuring it.
package enum LandingEncoding {
    /// The bytes of a batch's rows.
    package static func byteCount(of batch: LandingBatch) throws -> Int {
        try LandingRows(batch).buffer.byteCount
    }
}
