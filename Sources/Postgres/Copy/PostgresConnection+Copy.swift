internal import CLibpq

extension PostgresConnection {
    /// Runs `COPY … FROM STDIN (FORMAT binary)` with rows that are ready, and returns how many
    /// were copied. All or nothing: when it throws, no row was copied.
    @discardableResult
    package nonisolated func copyIn(
        _ sql: String, _ buffer: PostgresCopyBuffer
    ) async throws -> Int {
        try await copyIn(sql) { writer in try await writer.write(buffer) }
    }

    /// Runs `COPY … FROM STDIN` with the rows that `body` writes, and returns how many were
    /// copied. `write` waits until the server took the rows. When `body` throws, nothing is
    /// copied; after an error of the server the connection can be used on.
    @discardableResult
    package nonisolated func copyIn(
        _ sql: String, _ body: (PostgresCopyWriter) async throws -> Void
    ) async throws -> Int {
        let format = try await beginCopyIn(sql)
        let writer = PostgresCopyWriter(connection: self, isBinary: format)
        do {
            try await body(writer)
            try await writer.finish()
        } catch is PostgresCopyWriter.Refused {
            // The server's own error follows from ending the COPY.
            return try await endCopyIn(failure: "refused")
        } catch {
            try await abandonCopyIn()
            throw error
        }
        return try await endCopyIn(failure: nil)
    }

    /// Runs `COPY … TO STDOUT` and passes its bytes to `body`, in pieces of whole rows of about
    /// 64 KiB. When `body` throws, the COPY is stopped and the connection can be used on.
    package nonisolated func copyOut(
        _ sql: String, _ body: ([UInt8]) async throws -> Void
    ) async throws {
        try await beginCopyOut(sql)
        do {
            while let piece = try await nextCopyOutPiece() {
                try await body(piece)
            }
        } catch {
            await abandonCopyOut()
            throw error
        }
    }
}

extension PostgresConnection {
    /// Whether the COPY that began is binary.
    private func beginCopyIn(_ sql: String) async throws(PostgresError) -> Bool {
        let link = try openLink()
        let (flight, isBinary) = try await cancellable { (flag) throws(PostgresError) in
            try link.beginCopy(sql, PGRES_COPY_IN, flag)
        }
        copyFlight = flight
        return isBinary
    }

    /// Sends bytes; throws `Refused` when the server has ended the COPY.
    func sendCopy(_ bytes: [UInt8], from start: Int) async throws {
        guard let flight = copyFlight else {
            throw PostgresError(.misuse, "The COPY of this writer is over.")
        }
        let link = try openLink()
        let isAccepted = try await cancellable { (flag) throws(PostgresError) in
            try link.copyIn(bytes.span.extracting(start...), flight, flag)
        }
        if !isAccepted { throw PostgresCopyWriter.Refused() }
    }

    private func endCopyIn(failure: String?) async throws(PostgresError) -> Int {
        guard let flight = copyFlight else {
            throw PostgresError(.misuse, "The COPY is over.")
        }
        copyFlight = nil
        let link = try openLink()
        return try await cancellable { (flag) throws(PostgresError) in
            try link.endCopyIn(flight, failure: failure, flag)
        }
    }

    /// Tells the server to forget the COPY; its complaint about that is expected.
    private func abandonCopyIn() throws(PostgresError) {
        guard let flight = copyFlight else { return }
        copyFlight = nil
        do {
            _ = try openLink().endCopyIn(flight, failure: "the sender gave up", nil)
        } catch  where error.sqlState == "57014" {
            return
        }
    }

    private func beginCopyOut(_ sql: String) async throws(PostgresError) {
        let link = try openLink()
        copyFlight = try await cancellable { (flag) throws(PostgresError) in
            try link.beginCopy(sql, PGRES_COPY_OUT, flag).flight
        }
    }

    /// The next bytes, or nil at the end.
    private func nextCopyOutPiece() async throws(PostgresError) -> [UInt8]? {
        guard let flight = copyFlight else { return nil }
        let link = try openLink()
        let (piece, isOver) = try await cancellable { (flag) throws(PostgresError) in
            try link.copyOutPiece(flight, flag)
        }
        if isOver { copyFlight = nil }
        return piece.isEmpty && isOver ? nil : piece
    }

    /// Stops the COPY; when that fails the connection is closed.
    private func abandonCopyOut() {
        guard let flight = copyFlight else { return }
        copyFlight = nil
        do {
            try openLink().abandonCopyOut(flight)
        } catch {
            close()
        }
    }
}

/// Sends rows of a running `COPY … FROM STDIN`; only valid within the body of `copyIn`.
package final class PostgresCopyWriter {
    private let connection: PostgresConnection
    private let isBinary: Bool
    private var didSendHeader = false
    private var didSendRaw = false

    /// The server has ended the COPY: the reason comes when the COPY is ended here as well.
    struct Refused: Error {}

    init(connection: PostgresConnection, isBinary: Bool) {
        self.connection = connection
        self.isBinary = isBinary
    }

    /// Sends rows in binary form and waits until they are on their way.
    package func write(_ buffer: PostgresCopyBuffer) async throws {
        guard isBinary else {
            throw PostgresError(
                .misuse, "Binary rows were written to a COPY without (FORMAT binary).")
        }
        // The header stands once, before the first row.
        let start = didSendHeader ? PostgresCopyBuffer.headerByteCount : 0
        didSendHeader = true
        try await connection.sendCopy(buffer.encoder.bytes, from: start)
    }

    /// Sends bytes as they are: lines of a COPY in text or CSV format, or the output of a COPY OUT.
    package func write(raw bytes: [UInt8]) async throws {
        didSendRaw = true
        try await connection.sendCopy(bytes, from: 0)
    }

    /// Sends what must follow the rows; raw bytes bring that themselves.
    func finish() async throws {
        if !isBinary || didSendRaw { return }
        if !didSendHeader { try await write(PostgresCopyBuffer()) }
        try await connection.sendCopy([0xff, 0xff], from: 0)
    }
}
