internal import Glibc
package import OgiveCore
internal import Postgres

/// What lands of one run, as rows of the binary COPY.
struct LandingRows {
    let sampling: Int64
    let scoring: Int64
    let now: Int64

    /// The columns of `ogive.completion_rows`, in the order of `completions`.
    static let completionColumns =
        ["sampling_id", "prompt_id", "draw_index", "worker", "landed_at", "text", "raw"]
        + ItemResult.columns.map(\.name) + Completion.columns.map(\.name)

    /// Rows of `ogive.completion_rows`.
    func completions(_ results: [LandingResult]) throws(PostgresError) -> PostgresCopyBuffer {
        let columns = Int16(Self.completionColumns.count)
        let texts = results.reduce(0) { $0 + ($1.textBytes ?? 0) }
        var buffer = PostgresCopyBuffer(capacity: texts + results.count * Self.rowBytes)
        for result in results where result.hasText {
            try buffer.row(columns: columns) { (row) throws(PostgresError) in
                row.append(sampling)
                row.append(result.key.prompt)
                row.append(result.key.name.index)
                row.append(uuid: result.worker.high, result.worker.low)
                row.append(timestampMicroseconds: now)
                try Self.append(result.item, to: &row)
            }
        }
        return buffer
    }

    /// Appends what comes from the result. It is borrowed: a copy costs as much as its row.
    private static func append(
        _ item: borrowing ItemResult, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        guard let completion = item.completion else { return }
        try row.append(text: completion.content)
        for column in ItemResult.columns { try row.append(stored: column.value(item)) }
        for column in Completion.columns { try row.append(stored: column.value(completion)) }
    }

    /// Bytes of a row of completions but for its text and tokens: most take no more.
    private static let rowBytes = 192

    /// Rows of `ogive.quantile_table_rows`.
    func tables(
        _ tables: [LandingPlan.PromptTable]
    ) throws(PostgresError) -> PostgresCopyBuffer {
        var buffer = PostgresCopyBuffer()
        for (prompt, table, _) in tables {
            try buffer.row(columns: 8) { (row) throws(PostgresError) in
                row.append(scoring)
                row.append(prompt)
                row.append(Int32(table.indexes.count))
                row.append(table.completeTo)
                row.append(timestampMicroseconds: now)
                try row.append(table.indexes)
                try row.append(table.rewards)
                try row.append(table.rewards.sorted())
            }
        }
        return buffer
    }

    /// Rows of `ogive.reward_part_rows`, of those that have parts.
    func parts(_ rewards: [LandingReward]) throws(PostgresError) -> PostgresCopyBuffer {
        var buffer = PostgresCopyBuffer()
        for reward in rewards where !reward.score.parts.isEmpty {
            try buffer.row(columns: 5) { (row) throws(PostgresError) in
                row.append(scoring)
                row.append(reward.key.prompt)
                try row.append(Self.kind(reward.result))
                row.append(reward.key.name.index)
                try row.append(reward.score.parts)
            }
        }
        return buffer
    }

    /// Rows of `ogive.candidate_reward_rows`.
    func candidateRewards(
        _ rewards: [LandingReward]
    ) throws(PostgresError) -> PostgresCopyBuffer {
        var buffer = PostgresCopyBuffer()
        for reward in rewards {
            try buffer.row(columns: 4) { (row) throws(PostgresError) in
                row.append(scoring)
                row.append(reward.key.prompt)
                row.append(reward.key.name.index)
                row.append(reward.score.reward)
            }
        }
        return buffer
    }

    /// Rows of `ogive.failure_rows`.
    func failures(_ results: [LandingResult]) throws(PostgresError) -> PostgresCopyBuffer {
        try rows(of: results) { (result, buffer) throws(PostgresError) in
            guard let failure = result.outcome.failure else { return }
            try buffer.row(columns: 10) { (row) throws(PostgresError) in
                row.append(scoring)
                row.append(result.key.prompt)
                try row.append(Self.kind(result))
                row.append(result.key.name.index)
                try row.append(uuid: result.worker.bytes)
                row.append(timestampMicroseconds: now)
                try row.append(failure.stage.rawValue)
                try row.append(failure.code.rawValue)
                try row.append(failure.message.storable)
                row.append(Int32(clamping: max(0, failure.attempts)))
            }
        }
    }

    /// Rows of `ogive.candidate_log_probability_rows`.
    func logProbabilities(
        _ results: [LandingResult]
    ) throws(PostgresError) -> PostgresCopyBuffer {
        try rows(of: results) { (result, buffer) throws(PostgresError) in
            try buffer.row(columns: 12) { (row) throws(PostgresError) in
                let (value, failure) = (result.outcome.logProbability, result.outcome.failure)
                row.append(sampling)
                row.append(result.key.prompt)
                row.append(result.key.name.index)
                try row.append(uuid: result.worker.bytes)
                row.append(timestampMicroseconds: now)
                try row.append(.optional(value?.sum, PostgresValue.double))
                Self.append(value?.tokenCount, to: &row)
                try Self.append(value?.tokenIDs, value?.tokenValues, to: &row)
                try row.append(.optional(failure?.code.rawValue, PostgresValue.string))
                try row.append(.optional(failure?.message.storable, PostgresValue.string))
                try row.append(
                    .optional(
                        failure.map { Int32(clamping: max(0, $0.attempts)) }, PostgresValue.int32))
            }
        }
    }

    private func rows(
        of results: [LandingResult],
        _ append: (LandingResult, inout PostgresCopyBuffer) throws(PostgresError) -> Void
    ) throws(PostgresError) -> PostgresCopyBuffer {
        var buffer = PostgresCopyBuffer()
        for result in results { try append(result, &buffer) }
        return buffer
    }

    private static func kind(_ result: LandingResult) -> String {
        result.key.name.kind == .draw ? "draw" : "candidate"
    }

    private static func append(
        _ ids: [Int32]?, _ values: [Double]?, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        if let ids { try row.append(ids) } else { row.appendNull() }
        if let values { try row.append(values.map(Float.init)) } else { row.appendNull() }
    }

    /// A number of tokens; one that makes no sense is not known.
    private static func append(_ tokens: Int?, to row: inout PostgresCopyRow) {
        if let tokens = tokens.flatMap({ $0 < 0 ? nil : Int32(exactly: $0) }) {
            row.append(tokens)
        } else {
            row.appendNull()
        }
    }
}

extension PostgresCopyRow {
    /// Appends the two columns of a completion's text: the text, and the exact bytes where it
    /// cannot hold them.
    fileprivate mutating func append(text content: CompletionText) throws(PostgresError) {
        guard content.hasNUL else {
            try content.withBytes { (bytes) throws(PostgresError) in try append(text: bytes) }
            appendNull()
            return
        }
        let text = content.string
        try append(text.storable)
        try append(bytes: Array(text.utf8))
    }

    /// Appends a value of the type that it says; `nil` is NULL.
    fileprivate mutating func append(stored value: StoredValue?) throws(PostgresError) {
        switch value {
        case .bigint(let number): append(number)
        case .integer(let number): append(number)
        case .real(let number): append(number)
        case .double(let number): append(number)
        case .text(let text): try append(text)
        case .integers(let numbers): try append(numbers)
        case .reals(let numbers): try append(numbers)
        case nil: appendNull()
        }
    }
}

/// A completion's text in the two columns that hold it.
struct StoredText {
    /// The text as sampled.
    let text: String

    /// Reads the columns `text` and `raw`.
    init(_ row: PostgresRow) throws {
        if let raw = try row.decode("raw", as: [UInt8]?.self) {
            text = String(decoding: raw, as: UTF8.self)
        } else {
            text = try row.decode("text")
        }
    }
}

extension String {
    /// Whether it holds U+0000, which PostgreSQL's text cannot.
    var hasNUL: Bool {
        // Sound: memchr reads `count` bytes of the text's own storage.
        let found = unsafe utf8.withContiguousStorageIfAvailable { bytes in
            unsafe bytes.baseAddress.map { unsafe memchr($0, 0, bytes.count) != nil } ?? false
        }
        return found ?? utf8.contains(0)
    }
}

/// What a landing sends to the database, without a database: for measuring it.
package enum LandingEncoding {
    /// The bytes of the texts' rows of a batch of which nothing is there.
    package static func byteCount(of batch: LandingBatch) throws -> Int {
        let results = batch.results.sorted { $0.key < $1.key }.flatMap(\.value)
        let plan = LandingPlan(results, on: CommittedState())
        let rows = LandingRows(sampling: 1, scoring: 1, now: 0)
        return try rows.completions(plan.completions).byteCount
    }
}
