internal import OgiveCore
internal import Postgres

extension PageReader {
    /// Prompts that stand for those around them.
    private static let sampleSize = 64

    /// Moves the cursor to where pending work seems to begin. Work is handed out by ascending
    /// prompt, so what is done is one stretch with ragged ends: halving finds its end by a few
    /// looks, however long it is. What lies before it all the same is found when the run is paged
    /// anew, and no run ends before that.
    mutating func skipDone(_ connection: PostgresConnection) async throws {
        guard
            let ends = try await connection.query(
                PagingQueries.ends, [.int64(extent.promptSet)]
            ).first
        else { return }
        let first: Int64 = try ends.decode("first") - 1
        guard try await isDone(after: first, connection) else { return }
        var (done, pending): (Int64, Int64) = (first, try ends.decode("last"))
        while pending - done > scanMax {
            let middle = done + (pending - done) / 2
            if try await isDone(after: middle, connection) {
                done = middle
            } else {
                pending = middle
            }
        }
        // The ragged end is about as long as what a coordinator keeps in memory.
        cursor = max(first, done - scanMax)
    }

    /// Whether nothing is pending of the next few prompts.
    private func isDone(
        after prompt: Int64, _ connection: PostgresConnection
    ) async throws -> Bool {
        var sample = self
        sample.cursor = prompt
        sample.scanMax = Int64(Self.sampleSize)
        sample.limit = PageLimit(prompts: Self.sampleSize, items: .max)
        return try await sample.read(connection).prompts.isEmpty
    }
}

extension RunExtent {
    /// Pages that are looked at where work seems to be left.
    private static let looksMax = 3

    /// Whether something is pending where work seems to be left: `true` is certain, and found
    /// sooner than by a look at everything that is done; `false` says nothing.
    func isSeenPending(_ connection: PostgresConnection) async throws -> Bool {
        var reader = PageReader(
            extent: self, cursor: 0, limit: PageLimit(prompts: 64, items: .max))
        try await reader.skipDone(connection)
        for _ in 0..<Self.looksMax {
            let page = try await reader.read(connection)
            if !page.prompts.isEmpty { return true }
            guard let next = page.next else { return false }
            reader.cursor = next.rawValue
        }
        return false
    }
}
