package import Postgres

/// A database of one test.
package struct Database: Sendable {
    /// Where it is.
    package let configuration: PostgresConfiguration

    /// Names a database that is there.
    package init(configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// Its address as a configuration file has it.
    package var url: String {
        let names = ["host", "port", "user"]
        let query = names.compactMap { name in
            configuration[name].map { "\(name)=\($0)" }
        }
        return "postgresql:///\(configuration.database)?" + query.joined(separator: "&")
    }

    /// A connection, to be closed by the caller.
    package func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(configuration)
    }

    /// The rows of a query.
    package func rows(_ sql: String) async throws -> PostgresRows {
        let connection = try await connect()
        do {
            let rows = try await connection.query(sql)
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    /// The single value of a query.
    package func value<T: PostgresDecodable>(_ sql: String, as type: T.Type = T.self) async throws
        -> T
    {
        try await rows(sql).one().decode(0)
    }

    /// How many rewards of draws there are.
    package func landed() async throws -> Int {
        try await value("SELECT coalesce(sum(n), 0)::int8 FROM ogive.quantile_table_rows")
    }

    /// One text that holds every table and draw of the database, bit for bit; equal for equal
    /// results.
    package func digest() async throws -> String {
        let tables: String = try await value(
            """
            SELECT count(*) || ':' || md5(string_agg(prompt_key
                || encode(array_send(rewards), 'hex') || encode(array_send(draw_indexes), 'hex')
                || encode(array_send(draw_rewards), 'hex'), ',' ORDER BY prompt_key))
            FROM ogive.quantile_tables
            """)
        let draws: String = try await value(
            """
            SELECT count(*) || ':' || md5(string_agg(prompt_key || ' ' || draw_index || ' '
                || md5(text) || ' ' || seed || ' ' || finish_reason || ' '
                || coalesce(encode(float8send(sampled_log_probability), 'hex'), ''), ','
                ORDER BY prompt_key, draw_index))
            FROM ogive.run_completions
            """)
        return tables + " " + draws
    }
}
