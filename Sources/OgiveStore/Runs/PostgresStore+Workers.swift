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
                    .stringArray(workers.map { CanonicalJSON.text($0.outages.map(\.stored)) }),
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

/// SQL on `ogive.workers`.
enum WorkerQueries {
    /// $1 ids, $2 names, $3 states, $4 notes ('' for none), $5 time, $6 term, $7 endpoints that get
    /// no requests (arrays of objects; `lasting` in seconds). Changes nothing when
    /// another term leads. A worker named twice keeps its last entry. One that left does not come
    /// back: what was recorded of it before may be committed after that.
    static let upsert = """
        INSERT INTO ogive.workers (id, name, state, note, seen_at, term, outages)
        SELECT DISTINCT ON (w.id) w.id::uuid, w.name, w.state, nullif(w.note, ''),
            to_timestamp($5::float8 / 1000000), $6, coalesce(s.outages, '[]')
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $7::text[]) WITH ORDINALITY
            w(id, name, state, note, outages, position)
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(e - 'lasting' || jsonb_build_object('since', to_char(
                to_timestamp($5::float8 / 1000000 - (e ->> 'lasting')::float8)
                    AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY place) AS outages
            FROM jsonb_array_elements(w.outages::jsonb) WITH ORDINALITY x(e, place)
        ) s
        ORDER BY w.id, w.position DESC
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state,
            note = excluded.note, outages = excluded.outages, seen_at = excluded.seen_at,
            term = excluded.term
            WHERE workers.state <> 'left'
        """
    /// How many workers that are gone are kept, and for how many days.
    private static let goneMax = 1000
    private static let goneDays = 7
    /// Forgets workers that are gone: that left or were lost, or that a coordinator before this one
    /// saw last. A record of one that left may be committed late, but not by days. $1 time, $2
    /// term.
    static let prune = """
        DELETE FROM ogive.workers w
        USING (
            SELECT id, seen_at, row_number() OVER (ORDER BY seen_at DESC, id) AS place
            FROM ogive.workers WHERE state IN ('left', 'lost') OR term < $2
        ) g
        WHERE w.id = g.id AND (g.place > \(goneMax)
            OR g.seen_at < to_timestamp($1::float8 / 1000000) - interval '\(goneDays) days')
        """
    static let all = """
        SELECT worker::text AS worker, name, state, note, coordinator,
            unavailable_endpoints::text AS outages,
            to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS seen_at
        FROM ogive.worker_status
        WHERE current
        ORDER BY name, worker
        LIMIT $1
        """
}
