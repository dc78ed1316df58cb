internal import CLibpq

/// One result of libpq, shared by the rows that were read from it.
///
/// Unchecked: libpq never changes a result once it was returned, and only the handle frees it.
@safe final class LibpqResult: @unchecked Sendable {
    private let handle: LibpqResultHandle

    /// Takes over `pointer`.
    init(_ pointer: OpaquePointer) {
        // Sound here and below: the handle owns the result and lives as long as `self`.
        handle = unsafe LibpqResultHandle(pointer)
    }

    private var pointer: OpaquePointer { unsafe handle.pointer }

    var status: ExecStatusType { unsafe PQresultStatus(pointer) }
    /// Whether a COPY has the binary format.
    var isBinary: Bool { unsafe PQbinaryTuples(pointer) == 1 }
    var rowCount: Int { Int(unsafe PQntuples(pointer)) }
    var columnCount: Int { Int(unsafe PQnfields(pointer)) }

    /// The number of rows that a statement changed, selected or copied.
    var affectedRows: Int {
        guard let text = unsafe PQcmdTuples(pointer) else { return 0 }
        return Int(unsafe String(cString: text)) ?? 0
    }

    /// The name of a column.
    func name(column: Int) -> String {
        guard let name = unsafe PQfname(pointer, Int32(column)) else { return "" }
        return unsafe String(cString: name)
    }

    /// The type's number in `pg_type` of a column.
    func typeOID(column: Int) -> UInt32 { unsafe PQftype(pointer, Int32(column)) }

    /// Calls `body` with the text of a value; nil for NULL. The indices are checked by libpq, which
    /// answers NULL outside of the result.
    func withText<T>(row: Int, column: Int, _ body: (Span<UInt8>) -> T) -> T? {
        let row = Int32(row)
        let column = Int32(column)
        // Sound: the bytes live as long as the result, which `self` keeps during the call.
        guard unsafe PQgetisnull(pointer, row, column) == 0,
            let start = unsafe PQgetvalue(pointer, row, column)
        else { return nil }
        let count = Int(unsafe PQgetlength(pointer, row, column))
        let buffer = unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: count)
        return withExtendedLifetime(self) { body(unsafe buffer.span) }
    }

    /// The error of the result.
    func error(statement: String?) -> PostgresError {
        let state = field("C")
        let primary = field("M") ?? message
        let code: PostgresError.Code = state == "57014" ? .cancelled : .server
        var error = PostgresError(code, primary)
        error.sqlState = state
        error.severity = field("V") ?? field("S")
        error.detail = field("D")
        error.hint = field("H")
        error.constraint = field("n")
        error.table = field("t")
        error.column = field("c")
        error.context = field("W")
        error.statement = statement.map(LibpqResult.shortened)
        return error
    }

    private var message: String {
        // Sound: the text lives as long as the result and is copied at once.
        guard let text = unsafe PQresultErrorMessage(pointer) else { return "unknown error" }
        return unsafe String(cString: text)
    }

    /// A field of the error, by the letter that the protocol gives it.
    private func field(_ letter: Unicode.Scalar) -> String? {
        guard let text = unsafe PQresultErrorField(pointer, Int32(letter.value)) else {
            return nil
        }
        return unsafe String(cString: text)
    }

    private static func shortened(_ statement: String) -> String {
        let limit = 400
        guard statement.utf8.count > limit else { return statement }
        return String(statement.prefix(limit)) + "…"
    }
}
