internal import OgiveCore
internal import Postgres

/// How much there is of a prompt, which is read for each row of a list.
struct PromptState: Hashable, Sendable {
    /// The prompt.
    let id: PromptID
    /// How many draws have a reward.
    let count: Int
    /// How many are asked for; `nil` before one has a reward.
    let target: Int?
    /// How many candidates have a reward.
    let candidates: Int
}

extension DashboardStore {
    /// What the tables of prompts say: those that nobody asked for since they grew are read.
    func numbers(
        of run: RunOverview, _ states: [PromptState], _ connection: PostgresConnection
    ) async throws -> [PromptID: TableNumbers] {
        var all = known.tables(of: run, states)
        var (missing, rewards): ([Int64], Int) = ([], 0)
        func read() async throws {
            let rows = try await connection.queryPrepared(
                DashboardQueries.rewards, parameters(run) + [.int64Array(missing)])
            var found: [PromptID: TableNumbers] = [:]
            for row in rows {
                found[PromptID(try row.decode("prompt_id"))] =
                    TableNumbers(try row.numbers("rewards"))
            }
            known.keep(found, of: run)
            all.merge(found) { $1 }
            (missing, rewards) = ([], 0)
        }
        for state in states where state.count > 0 && all[state.id] == nil {
            missing.append(state.id.rawValue)
            rewards += state.count
            if rewards >= PromptListing.rewardsMax { try await read() }
        }
        if !missing.isEmpty { try await read() }
        return all
    }

    /// Quantile rewards of the prompts' candidates, by index; none where nothing has a reward.
    func quantiles(
        of run: RunOverview, _ states: [PromptState], _ connection: PostgresConnection
    ) async throws -> [PromptID: [Double]] {
        let states = states.filter { $0.count > 0 && $0.candidates > 0 }
        var all = known.quantiles(of: run, states)
        let missing = Dictionary(
            states.filter { all[$0.id] == nil }.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        guard !missing.isEmpty else { return all }
        let ids = missing.keys.map(\.rawValue).sorted()
        let rows = try await connection.queryPrepared(
            DashboardQueries.quantiles, parameters(run) + [.int64Array(ids)])
        for row in rows {
            let id = PromptID(try row.decode("prompt_id"))
            let values: [Double] = try row.decode("quantiles")
            // Where more rewards landed since, there are more the next time, and it is read again.
            if let state = missing[id] {
                known.keep(quantiles: values, of: id, in: run, rewards: state.count)
            }
            all[id] = values
        }
        return all
    }
}

extension PostgresRow {
    /// An array of numbers that `DashboardQueries.packed` wrote.
    func numbers(_ name: String) throws -> [Double] {
        guard let numbers = PackedNumbers.numbers(try decode(name)) else {
            throw StoreError(.refused, "PostgreSQL gave an array of `\(name)` that is none.")
        }
        return numbers
    }
}
