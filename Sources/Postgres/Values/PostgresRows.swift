/// The rows of one result, in memory.
package struct PostgresRows: Sendable, RandomAccessCollection {
    let result: LibpqResult
    private let columnIndices: [String: Int]
    /// The columns' names, in order.
    package let columnNames: [String]
    /// The number of rows that the statement changed or returned.
    package let affectedRows: Int
    package let startIndex = 0
    package let endIndex: Int

    init(_ result: LibpqResult) {
        self.result = result
        columnNames = (0..<result.columnCount).map(result.name(column:))
        // Of columns with the same name the first one counts, as in libpq.
        columnIndices = Dictionary(
            columnNames.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        affectedRows = result.affectedRows
        endIndex = result.rowCount
    }

    /// The row at a position within `indices`.
    package subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "a row outside of the result")
        return PostgresRow(rows: self, index: position)
    }

    /// The single row of a result that has exactly one; throws `decoding` otherwise.
    package func one() throws(PostgresError) -> PostgresRow {
        guard count == 1 else {
            throw PostgresError(.decoding, "One row was expected and there are \(count).")
        }
        return self[0]
    }

    func columnIndex(_ name: String) -> Int? { columnIndices[name] }
}

/// One row of a result.
package struct PostgresRow: Sendable {
    let rows: PostgresRows
    let index: Int

    /// Reads a column by its name.
    ///
    /// Throws `decoding` when there is no such column, when it is NULL (ask for an optional then)
    /// or when its text is not a `T`.
    package func decode<T: PostgresDecodable>(
        _ column: String, as type: T.Type = T.self
    ) throws(PostgresError) -> T {
        try decode(try position(column))
    }

    /// Reads a column by its name, NULL as nil.
    package func decode<T: PostgresDecodable>(
        _ column: String, as type: T?.Type = T?.self
    ) throws(PostgresError) -> T? {
        try decode(try position(column), as: type)
    }

    /// Reads a column by its number, from 0.
    @_specialize(where T == Int64)
    @_specialize(where T == Int32)
    @_specialize(where T == String)
    package func decode<T: PostgresDecodable>(
        _ column: Int, as type: T.Type = T.self
    ) throws(PostgresError) -> T {
        guard let value = try decode(column, as: T?.self) else {
            throw PostgresError(
                .decoding,
                "Column \(name(column)) is NULL in row \(index); \(T.self) was asked for.")
        }
        return value
    }

    /// Reads a column by its number, from 0, NULL as nil.
    @_specialize(where T == Int64)
    @_specialize(where T == Int32)
    @_specialize(where T == String)
    @_specialize(where T == [Int32])
    package func decode<T: PostgresDecodable>(
        _ column: Int, as type: T?.Type = T?.self
    ) throws(PostgresError) -> T? {
        guard rows.columnNames.indices.contains(column) else {
            throw PostgresError(
                .decoding,
                "There is no column \(column): the result has \(rows.columnNames.count).")
        }
        let outcome = rows.result.withText(row: index, column: column, T.decodePostgres)
        guard let outcome else { return nil }
        guard let value = outcome else { throw unreadable(column, T.self) }
        return value
    }

    /// Whether a column is NULL; throws `decoding` when there is no such column.
    package func isNull(_ column: String) throws(PostgresError) -> Bool {
        let column = try position(column)
        return rows.result.withText(row: index, column: column) { _ in true } == nil
    }

    private func position(_ column: String) throws(PostgresError) -> Int {
        guard let position = rows.columnIndex(column) else {
            throw PostgresError(
                .decoding,
                "There is no column \"\(column)\"; the result has "
                    + rows.columnNames.joined(separator: ", ") + ".")
        }
        return position
    }

    private func name(_ column: Int) -> String {
        "\"\(rows.columnNames[column])\""
    }

    private func unreadable<T>(_ column: Int, _ type: T.Type) -> PostgresError {
        let shown = rows.result.withText(row: index, column: column) { text in
            String.decodePostgres(text.extracting(first: 40))
        }
        let text = shown.flatMap { $0 } ?? "not UTF-8"
        let oid = rows.result.typeOID(column: column)
        return PostgresError(
            .decoding,
            "Column \(name(column)) in row \(index) (type \(oid)) is not a \(type): \(text)")
    }
}
