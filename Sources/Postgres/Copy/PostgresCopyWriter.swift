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
