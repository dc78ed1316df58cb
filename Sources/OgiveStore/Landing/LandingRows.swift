internal import OgiveCore
internal import Postgres

/// The rows of a batch as the staging table wants them.
struct LandingRows {
    private(set) var buffer = PostgresCopyBuffer()
    private var ordinal: Int32 = 0

    init(_ batch: LandingBatch) throws(PostgresError) {
        for group in batch.groups {
            let worker = group.worker.bytes
            for item in group.items {
                try append(item, group, worker: worker)
                ordinal += 1
            }
        }
    }

    private mutating func append(
        _ item: ItemResult, _ group: LandingGroup, worker: [UInt8]
    ) throws(PostgresError) {
        // A candidate brings its text: a completion of it would be nonsense.
        let completion = item.name.kind == .draw ? item.completion : nil
        let outcome = Outcome(item)
        try buffer.row(columns: 27) { (row) throws(PostgresError) in
            row.append(ordinal)
            row.append(group.run.rawValue)
            row.append(group.prompt.rawValue)
            row.append(item.name.kind != .draw)
            row.append(item.name.kind == .candidateLogProbability)
            row.append(item.name.index)
            try row.append(uuid: worker)
            row.append(completion != nil)
            if item.name.kind == .candidateLogProbability {
                try Self.append(outcome.logProbability, to: &row)
            } else {
                try Self.append(completion, item, to: &row)
            }
            try row.append(.optional(outcome.reward, PostgresValue.double))
            if outcome.reward == nil || item.parts.isEmpty {
                row.appendNull()
            } else {
                try row.append(item.parts)
            }
            try Self.append(outcome.failure, to: &row)
            try Self.append(
                completion?.promptTokenCount ?? item.policyTokens?.input, to: &row)
            try Self.append(item.scorerTokens?.input, to: &row)
            try Self.append(item.scorerTokens?.output, to: &row)
            try Self.append(item.policyTokens?.output, to: &row)
        }
    }

    private static func append(
        _ completion: Completion?, _ item: ItemResult, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        guard let completion else {
            for _ in 0..<9 { row.appendNull() }
            return
        }
        try row.append(completion.text.storable)
        try row.append(.optional(StoredText(completion.text).raw, PostgresValue.bytes))
        try append(completion.tokenCount, to: &row)
        try row.append(completion.finishReason.rawValue)
        // An error is never a number: what is not finite is not known.
        let logProbability = completion.logProbability.flatMap { $0.isFinite ? $0 : nil }
        try row.append(.optional(logProbability, PostgresValue.double))
        try row.append(.optional(item.seed.map(Int64.init), PostgresValue.int64))
        if let duration = item.sampleDuration {
            row.append(Float(duration / .milliseconds(1)))
        } else {
            row.appendNull()
        }
        let isWhole = completion.tokenLogProbabilities?.allSatisfy(\.isFinite) ?? true
        try append(
            isWhole ? completion.tokenIDs : nil, isWhole ? completion.tokenLogProbabilities : nil,
            to: &row)
    }

    private static func append(
        _ value: LogProbability?, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        row.appendNull()
        row.appendNull()
        try row.append(
            .optional(value.flatMap { Int32(exactly: $0.tokenCount) }, PostgresValue.int32))
        row.appendNull()
        try row.append(.optional(value?.sum, PostgresValue.double))
        row.appendNull()
        row.appendNull()
        try append(value?.tokenIDs, value?.tokenValues, to: &row)
    }

    private static func append(
        _ ids: [Int32]?, _ values: [Double]?, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        try row.append(.optional(ids, PostgresValue.int32Array))
        if let values { try row.append(values.map(Float.init)) } else { row.appendNull() }
    }

    /// A number of tokens; one that makes no sense is not known.
    private static func append(
        _ tokens: Int?, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        let tokens = tokens.flatMap { $0 < 0 ? nil : Int32(exactly: $0) }
        try row.append(.optional(tokens, PostgresValue.int32))
    }

    private static func append(
        _ failure: Failure?, to row: inout PostgresCopyRow
    ) throws(PostgresError) {
        guard let failure else {
            for _ in 0..<4 { row.appendNull() }
            return
        }
        try row.append(failure.stage.rawValue)
        try row.append(failure.code.rawValue)
        try row.append(failure.message.storable)
        row.append(Int32(clamping: max(0, failure.attempts)))
    }

    /// What became of an item: a finite reward or log-probability, or a failure, or neither yet.
    private struct Outcome {
        var reward: Double?
        var logProbability: LogProbability?
        var failure: Failure?

        init(_ item: ItemResult) {
            if item.name.kind == .candidateLogProbability {
                tell(item)
                return
            }
            switch item.reward {
            case .some(let value) where value.isFinite && item.parts.allSatisfy(\.isFinite):
                reward = value
                failure = nil
            case .some(let value):
                reward = nil
                failure =
                    item.failure
                    ?? Failure(
                        stage: .scoring, code: .notFinite,
                        message: "The reward is \(value), which is not a finite number, or made "
                            + "of parts that are none.",
                        attempts: 1)
            case .none:
                reward = nil
                failure = item.failure
            }
        }

        private mutating func tell(_ item: ItemResult) {
            let values = item.logProbability?.tokenValues ?? []
            if let value = item.logProbability, value.isValid, values.allSatisfy(\.isFinite) {
                logProbability = value
            } else {
                failure =
                    item.failure
                    ?? item.logProbability.map {
                        Failure(
                            stage: .logProbability, code: .notFinite,
                            message: "The log-probability is \($0.sum) of \($0.tokenCount) tokens, "
                                + "or that of a token is not finite.",
                            attempts: 1)
                    }
            }
        }
    }
}
