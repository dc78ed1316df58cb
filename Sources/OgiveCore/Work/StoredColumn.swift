/// A column of draws in the database that follows from what a worker sent.
///
/// It stands beside the field that it is read from. What lands of a draw follows from the lists
/// `ItemResult.columns` and `Completion.columns`.
package struct StoredColumn<Source>: Sendable {
    /// The name in the database.
    package let name: String
    /// Reads the value; `nil` for NULL.
    package let value: @Sendable (borrowing Source) -> StoredValue?

    /// Names a column and says how it is read.
    init(_ name: String, _ value: @escaping @Sendable (borrowing Source) -> StoredValue?) {
        self.name = name
        self.value = value
    }
}

/// A value in a column, of exactly the type that the column has.
package enum StoredValue: Hashable, Sendable {
    /// `bigint`.
    case bigint(Int64)
    /// `integer`.
    case integer(Int32)
    /// `real`.
    case real(Float)
    /// `double precision`.
    case double(Double)
    /// `text` without U+0000.
    case text(String)
    /// `integer[]`.
    case integers([Int32])
    /// `real[]`.
    case reals([Float])

    /// A number of tokens as `integer`; one that makes no sense is not known.
    static func tokens(_ count: Int?) -> StoredValue? {
        guard let count, count >= 0, let stored = Int32(exactly: count) else { return nil }
        return StoredValue.integer(stored)
    }
}
