internal import Foundation
internal import OgiveTesting
internal import Postgres

/// The limit: the same rows and the sorted rewards by `psql \copy`, over one connection.
struct CopyLimit {
    let work: LandingWork
    let server: PostgresConfiguration
    let folder: String

    /// Writes the rows as text, once.
    func write() throws {
        var rows = ""
        var tables = ""
        for prompt in 0..<work.prompts {
            var rewards: [Double] = []
            for index in 0..<work.draws {
                let draw = work.draw(index, of: prompt)
                rewards.append(draw.reward)
                rows += "1\t\(prompt)\t\(index)\t\(draw.reward)\t\(draw.log)\t\(draw.text)\n"
            }
            let list = rewards.sorted().map { "\($0)" }.joined(separator: ",")
            tables += "1\t\(prompt)\t\(work.draws)\t{\(list)}\n"
        }
        try rows.write(toFile: folder + "/rows.tsv", atomically: true, encoding: .utf8)
        try tables.write(toFile: folder + "/tables.tsv", atomically: true, encoding: .utf8)
    }

    /// Seconds of one psql, its start included.
    func run() async throws -> Double {
        let connection = try await PostgresConnection.connect(server)
        try await connection.executeScript(
            """
            DROP TABLE IF EXISTS measured_rows, measured_tables;
            CREATE TABLE measured_rows (run int, prompt bigint, index int, reward float8,
                log_probability float8, text text, PRIMARY KEY (run, prompt, index));
            CREATE TABLE measured_tables (run int, prompt bigint, n int, rewards float8[],
                PRIMARY KEY (run, prompt));
            """)
        try await connection.execute("CHECKPOINT")
        let time = try await ContinuousClock().measure { try await copy() }
        try await connection.execute("DROP TABLE measured_rows, measured_tables")
        await connection.close()
        return time / .seconds(1)
    }

    private func copy() async throws {
        var arguments = [
            "-X", "-q", "-d", server.database, "-U", server.user,
            "-c", "\\copy measured_rows from '\(folder)/rows.tsv'",
            "-c", "\\copy measured_tables from '\(folder)/tables.tsv'",
        ]
        if let host = server["host"] { arguments += ["-h", host] }
        if let port = server["port"] { arguments += ["-p", port] }
        let status = try await SystemProgram.run("/usr/bin/psql", arguments).status
        guard status == 0 else {
            throw PostgresError(.misuse, "psql ended with \(status)")
        }
    }
}
