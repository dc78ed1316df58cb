/// SQL on `ogive.workers`.
enum WorkerQueries {
    /// $1 ids, $2 names, $3 states, $4 notes ('' for none), $5 time, $6 term. Changes nothing when
    /// another term leads. A worker named twice keeps its last entry. One that left does not come
    /// back: what was recorded of it before may be committed after that.
    static let upsert = """
        INSERT INTO ogive.workers (id, name, state, note, seen_at, term)
        SELECT DISTINCT ON (w.id) w.id::uuid, w.name, w.state, nullif(w.note, ''),
            to_timestamp($5::float8 / 1000000), $6
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
            w(id, name, state, note, position)
        ORDER BY w.id, w.position DESC
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state,
            note = excluded.note, seen_at = excluded.seen_at, term = excluded.term
            WHERE workers.state <> 'left'
        """
    static let all = """
        SELECT worker::text AS worker, name, state, note, coordinator,
            to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS seen_at
        FROM ogive.worker_status
        WHERE current
        ORDER BY name, worker
        LIMIT $1
        """
}
