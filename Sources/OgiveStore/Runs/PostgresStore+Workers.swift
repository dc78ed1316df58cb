package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// One statement for all of them, stamped with the store's clock. Workers that are gone are
    /// forgotten in time.
    package func record(_ workers: [WorkerRecord], term: Term) async throws(StoreError) {
        if workers.isEmpty { return }
        try await database.transaction("record workers") { connection in
            try await connection.require(term, TermQueries.lockForCheck)
            try await connection.execute(
                WorkerQueries.upsert,
                [
                    .stringArray(workers.map { $0.id.uuidText }),
                    .stringArray(workers.map { $0.name.storable }),
                    .stringArray(workers.map { $0.state.rawValue }),
                    .stringArray(workers.map { ($0.note ?? "").storable }),
                    .int64(clock.now()), .int64(term.rawValue),
                    .stringArray(workers.map { CanonicalJSON.text($0.shut.map(\.stored)) }),
                ])
            try await connection.execute(
                WorkerQueries.prune, [.int64(clock.now()), .int64(term.rawValue)])
        }
    }
}

extension EndpointOutage {
    /// As it is handed to the database.
    fileprivate var stored: JSONValue {
        .object([
            "model": .text(model.storable), "endpoint": .text(endpoint.storable),
            "code": .text(code.rawValue), "message": .text(message.storable),
            "lasting": .number(lasting / .seconds(1)),
        ])
    }
}

extension WorkerID {
    /// The 128 bits as PostgreSQL reads a `uuid`.
    var uuidText: String {
        [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

extension String {
    /// The text with U+FFFD in place of each U+0000, which PostgreSQL's text cannot hold.
    var storable: String {
        guard hasNUL else { return self }
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(scalar.value == 0 ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }
}
