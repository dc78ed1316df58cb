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
                    .stringArray(workers.map { CanonicalJSON.text($0.site.stored($0.version)) }),
                    .stringArray(
                        workers.map { $0.load.map { CanonicalJSON.text($0.stored) } ?? "" }),
                ])
            try await add(workers.flatMap(\.slotTimes), connection)
            try await connection.execute(
                WorkerQueries.prune, [.int64(clock.now()), .int64(term.rawValue)])
        }
    }

    /// Adds slot time to that of runs.
    private func add(
        _ times: [(key: RunID, value: SlotTime)], _ connection: PostgresConnection
    ) async throws {
        var sums: [RunID: SlotTime] = [:]
        for (run, time) in times {
            sums[run, default: SlotTime()] = (sums[run] ?? SlotTime()) + time
        }
        // In order: two transactions on the same runs do not wait for each other in a ring.
        let rows = sums.sorted { $0.key < $1.key }.flatMap { run, time in
            SlotWait.all.filter { time[$0] > 0 }.map { (run: run, wait: $0, time: time[$0]) }
        }
        if rows.isEmpty { return }
        try await connection.execute(
            WorkerQueries.addSlotTime,
            [
                .int64Array(rows.map(\.run.rawValue)),
                .stringArray(rows.map(\.wait.stage.rawValue)),
                .stringArray(rows.map(\.wait.side.rawValue)),
                .int64Array(rows.map { Int64($0.time) }),
            ])
    }
}

extension WorkerSite {
    /// As it is handed to the database.
    fileprivate func stored(_ version: String) -> JSONValue {
        .object([
            "host": .text(host.storable), "job": .text(job.storable),
            "version": .text(version.storable),
            "endpoints": .texts(endpoints.map(\.storable)),
        ])
    }
}

extension RecordedLoad {
    /// As it is handed to the database.
    fileprivate var stored: JSONValue {
        let seconds = window / .seconds(1)
        func rate(_ count: Int) -> JSONValue {
            seconds > 0 ? .number(Double(count) / seconds) : .null
        }
        return .object([
            "sample_slots": .integer(Int64(total.sampleSlots)),
            "score_slots": .integer(Int64(total.scoreSlots)),
            "draws": .integer(Int64(total.draws)), "tokens": .integer(Int64(total.tokens)),
            "draws_per_second": rate(recent.draws), "tokens_per_second": rate(recent.tokens),
            "slot_seconds": total.slotTime.stored, "recent_slot_seconds": recent.slotTime.stored,
        ])
    }
}

extension SlotTime {
    /// Seconds by stage and side.
    fileprivate var stored: JSONValue {
        .object(
            Dictionary(
                uniqueKeysWithValues: SlotWait.Stage.allCases.map { stage in
                    let sides = SlotWait.Side.allCases.map { side in
                        let time = self[SlotWait(stage: stage, side: side)]
                        return (side.rawValue, JSONValue.number(Double(time) / 1000))
                    }
                    return (stage.rawValue, .object(Dictionary(uniqueKeysWithValues: sides)))
                }))
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
    /// no requests (arrays of objects; `lasting` in seconds), $8 where they run (objects), $9 their
    /// loads (objects, '' for none). Changes nothing when
    /// another term leads. A worker named twice keeps its last entry. One that left does not come
    /// back: what was recorded of it before may be committed after that.
    static let upsert = """
        INSERT INTO ogive.workers (id, name, state, note, seen_at, term, outages, site,
            load)
        SELECT DISTINCT ON (w.id) w.id::uuid, w.name, w.state, nullif(w.note, ''),
            to_timestamp($5::float8 / 1000000), $6, coalesce(s.outages, '[]'), w.site::jsonb,
            nullif(w.load, '')::jsonb
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $7::text[], $8::text[],
            $9::text[]) WITH ORDINALITY
            w(id, name, state, note, outages, site, load, position)
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(e - 'lasting' || jsonb_build_object('since', to_char(
                to_timestamp($5::float8 / 1000000 - (e ->> 'lasting')::float8)
                    AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY place) AS outages
            FROM jsonb_array_elements(w.outages::jsonb) WITH ORDINALITY x(e, place)
        ) s
        ORDER BY w.id, w.position DESC
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state,
            note = excluded.note, outages = excluded.outages, seen_at = excluded.seen_at,
            term = excluded.term, site = excluded.site, load = excluded.load
            WHERE workers.state <> 'left'
        """
    /// Adds to the slot time of runs that are there. $1 runs, $2 stages, $3 sides, $4 milliseconds.
    static let addSlotTime = """
        INSERT INTO ogive.run_slot_time_rows AS o (run_id, stage, waits_for, milliseconds)
        SELECT r.id, w.stage, w.waits_for, w.milliseconds
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
            w(run_id, stage, waits_for, milliseconds)
        JOIN ogive.runs r ON r.id = w.run_id
        ON CONFLICT (run_id, stage, waits_for) DO UPDATE
            SET milliseconds = least(o.milliseconds + excluded.milliseconds, 9007199254740992)
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
            to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS seen_at, host,
            job, version, endpoints, sample_slots, score_slots, draws, tokens, draws_per_second,
            tokens_per_second, busy_share,
            \(SlotTime.query("(waits -> g.stage ->> w.waits_for)::float8 * 1000")) AS waits
        FROM ogive.worker_status
        WHERE current
        ORDER BY name, worker
        LIMIT $1
        """
}
