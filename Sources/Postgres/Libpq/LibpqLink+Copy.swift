internal import CLibpq
internal import Glibc

extension LibpqLink {
    /// Sends a COPY statement and waits until the server is ready for `direction`. Tells whether
    /// the format is binary.
    func beginCopy(
        _ sql: String, _ direction: ExecStatusType, _ flag: CancellationFlag?
    ) throws(PostgresError) -> (flight: Flight, isBinary: Bool) {
        // Sound: `begin` passes the live connection; libpq copies the text during the call.
        let flight = unsafe try begin(sql, flag) { pointer in unsafe PQsendQuery(pointer, sql) }
        var cancellation = Cancellation(flag)
        guard let result = try nextResult(flight, &cancellation) else { throw lost(flight) }
        if result.status == direction { return (flight, result.isBinary) }
        if result.status == PGRES_FATAL_ERROR {
            let error = result.error(statement: sql)
            // What follows the first error only says the same.
            while try nextResult(flight, &cancellation) != nil {}
            throw error
        }
        // Ends the statement, also when it is a COPY in the other direction.
        _ = try finish(flight, flag, first: result)
        let wanted = direction == PGRES_COPY_IN ? "FROM STDIN" : "TO STDOUT"
        throw PostgresError(.misuse, "The statement is not a COPY \(wanted).")
    }

    /// Sends bytes of a COPY FROM STDIN and waits until they left the process.
    ///
    /// Returns false when the server has refused the COPY: `finish` then throws why.
    func copyIn(
        _ bytes: Span<UInt8>, _ flight: Flight, _ flag: CancellationFlag?
    ) throws(PostgresError) -> Bool {
        let chunk = 64 * 1024
        var cancellation = Cancellation(flag)
        var start = 0
        while start < bytes.count {
            let end = min(start + chunk, bytes.count)
            // Sound: libpq copies the bytes during the call.
            let accepted = unsafe bytes.extracting(start..<end).withUnsafeBufferPointer { buffer in
                unsafe PQputCopyData(
                    pointer,
                    UnsafeRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    Int32(buffer.count))
            }
            guard accepted >= 0 else { return false }
            if accepted == 1 { start = end }
            try flush(flight, &cancellation)
            if cancellation.deadline != nil { return false }
        }
        return true
    }

    /// Ends a COPY FROM STDIN: with `failure` the server is told to forget it.
    ///
    /// Returns the number of copied rows.
    func endCopyIn(
        _ flight: Flight, failure: String?, _ flag: CancellationFlag?
    ) throws(PostgresError) -> Int {
        var cancellation = Cancellation(flag)
        // 0 means that the buffer is full; -1 that the server has ended the COPY by itself.
        while unsafe PQputCopyEnd(pointer, failure) == 0 {
            try flush(flight, &cancellation)
        }
        return try finish(flight, flag).affectedRows
    }

    /// Passes the next piece of a COPY TO STDOUT to `body`; false at the end.
    func copyOutRow(
        _ flight: Flight, _ cancellation: inout Cancellation, _ body: (Span<UInt8>) -> Void
    ) throws(PostgresError) -> Bool {
        while true {
            var piece: UnsafeMutablePointer<CChar>?
            // Sound: libpq gives `count` bytes to the caller, freed below after their last use.
            let count = unsafe PQgetCopyData(pointer, &piece, 1)
            if count > 0, let start = unsafe piece {
                defer { unsafe PQfreemem(start) }
                let buffer = unsafe UnsafeBufferPointer(
                    start: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self),
                    count: Int(count))
                body(unsafe buffer.span)
                return true
            }
            guard count == 0 else { return false }
            try waitToRead(flight, &cancellation)
        }
    }

    /// Collects about 64 KiB of a COPY TO STDOUT; tells whether it is over.
    func copyOutPiece(
        _ flight: Flight, _ flag: CancellationFlag?
    ) throws(PostgresError) -> (piece: [UInt8], isOver: Bool) {
        let target = 64 * 1024
        var piece: [UInt8] = []
        piece.reserveCapacity(target + 4096)
        var cancellation = Cancellation(flag)
        while piece.count < target {
            let isMore = try copyOutRow(flight, &cancellation) { bytes in
                // Sound: the bytes are copied within the scope of the pointer.
                unsafe bytes.withUnsafeBufferPointer { buffer in
                    unsafe piece.append(contentsOf: buffer)
                }
            }
            if !isMore {
                _ = try finish(flight, flag)
                return (piece, true)
            }
        }
        return (piece, false)
    }

    /// Stops a COPY TO STDOUT and reads what is still on its way.
    func abandonCopyOut(_ flight: Flight) throws(PostgresError) {
        var cancellation = Cancellation(nil)
        cancellation.begin(grace: grace)
        sendCancel()
        while try copyOutRow(flight, &cancellation, { _ in }) {}
        do {
            _ = try finish(flight, nil)
        } catch  where error.code == .cancelled {
            return
        }
    }
}
