internal import CLibpq
internal import Glibc

extension LibpqLink {
    /// Runs one statement with parameters and returns its result.
    func query(
        _ sql: String, _ parameters: [PostgresValue], _ flag: CancellationFlag?
    ) throws(PostgresError) -> LibpqResult {
        let encoded = try Self.encode(parameters)
        let types = parameters.map(\.typeOID)
        // Sound: `begin` passes the live connection; libpq copies all during the call.
        return unsafe try exchange(sql, flag) { pointer in
            unsafe LibpqLink.send(encoded) { pointers, lengths, formats in
                unsafe PQsendQueryParams(
                    pointer, sql, Int32(encoded.count), types, pointers, lengths, formats, 0)
            }
        }
    }

    /// Runs one statement as `query` does, and keeps it prepared for the next time.
    func queryPrepared(
        _ sql: String, _ parameters: [PostgresValue], _ flag: CancellationFlag?
    ) throws(PostgresError) -> LibpqResult {
        let encoded = try Self.encode(parameters)
        let statement = PreparedStatement(sql: sql, types: parameters.map(\.typeOID))
        let known = prepared[statement]
        let name: String
        if let known {
            name = known
        } else {
            name = "ogive_\(preparedSalt)_\(prepared.count)"
            // Sound, as below: the connection lives, and libpq copies all during the call.
            _ = unsafe try exchange(sql, flag) { pointer in
                unsafe PQsendPrepare(
                    pointer, name, sql, Int32(statement.types.count), statement.types)
            }
            prepared[statement] = name
        }
        do throws(PostgresError) {
            // Sound: as above.
            return unsafe try exchange(sql, flag) { pointer in
                unsafe LibpqLink.send(encoded) { pointers, lengths, formats in
                    unsafe PQsendQueryPrepared(
                        pointer, name, Int32(encoded.count), pointers, lengths, formats, 0)
                }
            }
        } catch {
            // Its tables were changed, or the session was reset: all are prepared anew.
            guard known != nil, ["0A000", "26000"].contains(error.sqlState) else { throw error }
            forgetPrepared()
            var lost = error
            lost.code = .statementLost
            throw lost
        }
    }

    /// Forgets what was prepared; names are never used again.
    private func forgetPrepared() {
        prepared = [:]
        preparedSalt = .random(in: 0 ... .max)
    }

    private static func encode(
        _ parameters: [PostgresValue]
    ) throws(PostgresError) -> [[UInt8]?] {
        var encoded: [[UInt8]?] = []
        encoded.reserveCapacity(parameters.count)
        for (index, parameter) in parameters.enumerated() {
            do throws(PostgresError) {
                encoded.append(try parameter.binary())
            } catch {
                var error = error
                error.message = "Parameter $\(index + 1): \(error.message)"
                throw error
            }
        }
        guard parameters.count <= Int(UInt16.max) else {
            throw PostgresError(
                .invalidParameter,
                "A statement takes at most 65535 parameters, not \(parameters.count). Use COPY.")
        }
        return encoded
    }

    /// Runs several statements, separated by semicolons, as one implicit transaction.
    func script(_ sql: String, _ flag: CancellationFlag?) throws(PostgresError) -> LibpqResult {
        unsafe try exchange(sql, flag) { pointer in unsafe PQsendQuery(pointer, sql) }
    }

    /// Sends a statement and collects all its results; the first error is thrown.
    private func exchange(
        _ sql: String, _ flag: CancellationFlag?, _ send: (OpaquePointer) -> Int32
    ) throws(PostgresError) -> LibpqResult {
        // Sound: the pointer goes only to `send`, which does not keep it.
        let flight = unsafe try begin(sql, flag, send)
        return try finish(flight, flag)
    }

    /// Sends a statement without waiting for its result.
    func begin(
        _ sql: String, _ flag: CancellationFlag?, _ send: (OpaquePointer) -> Int32
    ) throws(PostgresError) -> Flight {
        try checkStatement(sql)
        if flag?.isSet == true {
            throw PostgresError(.cancelled, "The task was cancelled before the statement was sent.")
        }
        guard isAlive else { throw lost(Flight(statement: sql, mayCommit: false)) }
        let status = transactionStatus
        guard status != PQTRANS_ACTIVE else {
            throw PostgresError(
                .misuse,
                "The connection is in the middle of a COPY: end that before the next statement.")
        }
        let flight = Flight(
            statement: sql, mayCommit: status == PQTRANS_IDLE || LibpqLink.isCommit(sql))
        // Sound: `self` keeps the connection open; `send` does not keep the pointer.
        guard unsafe send(pointer) == 1 else { throw lost(flight) }
        return flight
    }

    /// Waits for all results of a statement; the first error is thrown, else the last result is
    /// returned. Afterwards the connection is ready for the next statement, or broken.
    func finish(
        _ flight: Flight, _ flag: CancellationFlag?, first: LibpqResult? = nil
    ) throws(PostgresError) -> LibpqResult {
        var outcome = Outcome()
        var cancellation = Cancellation(flag)
        var next = first
        if next == nil { next = try nextResult(flight, &cancellation) }
        while let result = next {
            switch result.status {
            case PGRES_COPY_IN, PGRES_COPY_BOTH:
                // Sound: libpq copies the text during the call.
                unsafe PQputCopyEnd(pointer, "COPY needs copyIn")
                outcome.error = PostgresError(
                    .misuse, "COPY FROM STDIN cannot be run as a query: use copyIn.")
            case PGRES_COPY_OUT:
                try discardCopyOut(flight, &cancellation)
                outcome.error = PostgresError(
                    .misuse, "COPY TO STDOUT cannot be run as a query: use copyOut.")
            case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR:
                let error = result.error(statement: flight.statement)
                outcome.error = outcome.error ?? error
            default:
                outcome.result = result
            }
            next = try nextResult(flight, &cancellation)
        }
        if var error = outcome.error {
            if !isAlive {
                error.code = .connectionLost(duringCommit: flight.mayCommit)
            }
            throw error
        }
        guard let result = outcome.result else { throw lost(flight) }
        return result
    }

    /// The next result of the running statement; nil when there is none left.
    func nextResult(
        _ flight: Flight, _ cancellation: inout Cancellation
    ) throws(PostgresError) -> LibpqResult? {
        try flush(flight, &cancellation)
        // Sound: `self` keeps the connection open while it is asked.
        while unsafe PQisBusy(pointer) == 1 {
            try waitToRead(flight, &cancellation)
        }
        // Sound: libpq gives the result to the caller; `LibpqResult` frees it, once.
        guard let result = unsafe PQgetResult(pointer) else { return nil }
        return unsafe LibpqResult(result)
    }

    /// Sends what libpq has buffered, reading meanwhile so that both ends cannot wait for each
    /// other.
    func flush(_ flight: Flight, _ cancellation: inout Cancellation) throws(PostgresError) {
        while true {
            switch unsafe PQflush(pointer) {
            case 0: return
            case 1: try pause(Int16(POLLIN | POLLOUT), flight, &cancellation)
            default:
                // The server may have said why before it hung up: that is read as a result.
                return
            }
        }
    }

    /// Waits for data of the server and reads it.
    func waitToRead(_ flight: Flight, _ cancellation: inout Cancellation) throws(PostgresError) {
        try pause(Int16(POLLIN), flight, &cancellation)
    }

    private func pause(
        _ events: Int16, _ flight: Flight, _ cancellation: inout Cancellation
    ) throws(PostgresError) {
        let silenceEnd = silenceLimit.map { ContinuousClock.now + $0 }
        let deadline = cancellation.deadline ?? silenceEnd
        switch wait(for: events, until: deadline, cancellation.flag) {
        case .ready:
            // A failure is reported by PQgetResult, with the server's last words if there are any.
            if unsafe PQconsumeInput(pointer) == 0, unsafe PQisBusy(pointer) == 1 {
                throw lost(flight)
            }
        case .cancelled:
            cancellation.begin(grace: grace)
            sendCancel()
        case .late:
            let silence =
                cancellation.deadline == nil
                ? "the server was silent for longer than a statement may take"
                : "the server did not confirm a cancellation within \(grace)"
            throw lost(flight, because: silence)
        }
    }

    /// Marks the connection as broken and says so, with libpq's reason unless there is another.
    func lost(_ flight: Flight, because cause: String? = nil) -> PostgresError {
        isBroken = true
        let said = cause ?? lastMessage.split(separator: "\n").first.map(String.init)
        let reason = said.map { " (\($0))" } ?? ""
        let consequence =
            flight.mayCommit
            ? "Whether the last statement was committed is unknown." : "Nothing was committed."
        var error = PostgresError(
            .connectionLost(duringCommit: flight.mayCommit),
            "The connection to PostgreSQL broke\(reason). \(consequence) Connect again.")
        error.statement = flight.statement
        return error
    }

    private func discardCopyOut(
        _ flight: Flight, _ cancellation: inout Cancellation
    ) throws(PostgresError) {
        sendCancel()
        while try copyOutRow(flight, &cancellation, { _ in }) {}
    }

    private func checkStatement(_ sql: String) throws(PostgresError) {
        if sql.utf8.contains(0) {
            throw PostgresError(.invalidParameter, "The statement has a NUL byte.")
        }
    }

    private static func isCommit(_ sql: String) -> Bool {
        let word = sql.drop(while: \.isWhitespace).prefix(while: \.isLetter).uppercased()
        return word == "COMMIT" || word == "END"
    }

    /// Calls `call` with the values as libpq takes them: their places, their lengths and formats.
    private static func send(
        _ values: [[UInt8]?],
        _ call: ([UnsafePointer<CChar>?], [Int32], [Int32]) -> Int32
    ) -> Int32 {
        // All values lie in one buffer, so that one pointer scope suffices.
        var buffer: [UInt8] = []
        buffer.reserveCapacity(values.reduce(1) { $0 + ($1?.count ?? 0) })
        var offsets: [Int?] = []
        for value in values {
            offsets.append(value == nil ? nil : buffer.count)
            buffer.append(contentsOf: value ?? [])
        }
        // An empty value must not become a null pointer, which would mean NULL.
        buffer.append(0)
        let lengths = values.map { Int32($0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: values.count)
        // Sound: each offset lies within the buffer, which libpq copies during the call.
        return unsafe buffer.withUnsafeBufferPointer { bytes in
            let start = unsafe UnsafeRawPointer(bytes.baseAddress)?
                .assumingMemoryBound(to: CChar.self)
            let pointers = unsafe offsets.map { offset in
                unsafe offset.flatMap { offset in unsafe start.map { unsafe $0 + offset } }
            }
            return unsafe call(pointers, lengths, formats)
        }
    }
}

extension LibpqLink {
    /// What a prepared statement is known by: its text, and the types of its parameters.
    struct PreparedStatement: Hashable {
        let sql: String
        let types: [UInt32]
    }

    /// A statement on its way.
    struct Flight {
        /// Its text.
        let statement: String
        /// Whether it may have been committed when the connection breaks before the reply.
        let mayCommit: Bool
    }

    /// How far the cancellation of a statement got.
    struct Cancellation {
        /// The flag to watch; nil when there is none or after it was seen.
        private(set) var flag: CancellationFlag?
        /// Until when the server must have confirmed.
        private(set) var deadline: ContinuousClock.Instant?

        init(_ flag: CancellationFlag?) {
            self.flag = flag
        }

        mutating func begin(grace: Duration) {
            flag = nil
            deadline = ContinuousClock.now + grace
        }
    }

    private struct Outcome {
        var result: LibpqResult?
        var error: PostgresError?
    }
}
