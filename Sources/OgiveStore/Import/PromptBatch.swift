internal import OgiveCore
internal import Postgres

/// A batch of an import in the form in which the server takes it.
struct PromptBatch: Sendable {
    /// Where rows go.
    enum Way: Hashable, Sendable {
        /// Into the table of prompts, for the set of this number.
        case set(Int64)
        /// Into temporary tables.
        case waiting
    }

    /// Where its rows go.
    let way: Way
    private let source: [ImportedPrompt]
    private let lines: [Int]
    /// How many rows came before it.
    private let first: Int64
    private var prompts: PostgresCopyBuffer
    private var candidates = PostgresCopyBuffer()

    /// Encodes the rows of a batch. Throws `.refused` for a prompt that cannot be stored.
    init(_ source: [ImportedPrompt], lines: [Int], first: Int64, way: Way) throws {
        self.way = way
        self.source = source
        self.lines = lines
        self.first = first
        // One allocation, and not one for each time that the buffer has grown to twice its size.
        let bytes = source.reduce(0) { sum, prompt in
            sum + prompt.content.byteCount + prompt.metadata.utf8.count + Self.rowBytes
        }
        prompts = PostgresCopyBuffer(capacity: bytes)
        for (place, prompt) in source.enumerated() { try append(prompt, place) }
    }

    /// About the bytes of a row beside its content and metadata.
    private static let rowBytes = 160

    /// How many rows it has.
    var count: Int { source.count }

    /// The same rows another way.
    func going(_ way: Way) throws -> PromptBatch {
        try PromptBatch(source, lines: lines, first: first, way: way)
    }

    /// Stores the rows; false, and not one of them is stored, when their set has a key of them, or
    /// two of them have the same.
    ///
    /// It stays on the connection's thread from one statement to the next, so that the server never
    /// waits for one of the threads that read and encode.
    func send(_ connection: isolated PostgresConnection) async throws -> Bool {
        guard way == .waiting else { return try await sendToSet(connection) }
        try await connection.copyIn(ImportQueries.copyPrompts, prompts)
        if candidates.rowCount > 0 {
            try await connection.copyIn(ImportQueries.copyCandidates, candidates)
        }
        return true
    }

    private func sendToSet(_ connection: isolated PostgresConnection) async throws -> Bool {
        try await connection.execute("SAVEPOINT import_batch")
        var isTaken = true
        do {
            try await connection.copyIn(ImportQueries.copyIntoSet, prompts)
        } catch let error as PostgresError
            where error.isUniqueViolation && error.constraint == ImportQueries.keyConstraint
        {
            try await connection.execute("ROLLBACK TO SAVEPOINT import_batch")
            isTaken = false
        }
        try await connection.execute("RELEASE SAVEPOINT import_batch")
        return isTaken
    }

    private mutating func append(_ prompt: ImportedPrompt, _ place: Int) throws {
        let content = prompt.content.canonical
        let digest = SHA256Digest(hashing: content)
        let key = prompt.key ?? digest.hex
        try requireStorable(prompt, key: key, place)
        let ordinal = first + Int64(place)
        let (way, line) = (way, Int64(line(place)))
        let columns: Int16 = way == .waiting ? 6 : 5
        try prompts.row(columns: columns) { (row) throws(PostgresError) in
            switch way {
            case .set(let id): row.append(id)
            case .waiting:
                row.append(ordinal)
                row.append(line)
            }
            try row.append(key)
            try row.append(bytes: digest.bytes)
            try row.append(jsonb: content)
            try row.append(jsonb: prompt.metadata)
        }
        for (index, candidate) in prompt.candidates.enumerated() {
            try candidates.row(columns: 5) { (row) throws(PostgresError) in
                row.append(ordinal)
                row.append(Int32(clamping: index))
                try row.append(candidate.label)
                try row.append(candidate.text)
                try row.append(jsonb: candidate.metadata)
            }
        }
    }

    /// The line of a row; 0 when it is not known.
    private func line(_ place: Int) -> Int { place < lines.count ? lines[place] : 0 }

    private func requireStorable(
        _ prompt: ImportedPrompt, key: String, _ place: Int
    ) throws(StoreError) {
        guard (1...ImportedPrompt.keyBytesMax).contains(key.utf8.count) else {
            throw refusal(
                "a key must have 1 to \(ImportedPrompt.keyBytesMax) bytes.", key: key, place)
        }
        if let excess = PromptLimits.excess(of: prompt) {
            throw refusal("\(excess).", key: key, place)
        }
        guard !key.hasNUL, !prompt.content.hasNUL,
            prompt.candidates.allSatisfy({ !$0.label.hasNUL && !$0.text.hasNUL })
        else {
            throw refusal(
                "it holds the character U+0000, which PostgreSQL cannot store. Remove it from the "
                    + "file.", key: key, place)
        }
    }

    private func refusal(_ why: String, key: String, _ place: Int) -> StoreError {
        let line = line(place)
        let which = line > 0 ? "Line \(line)" : "Prompt \(first + Int64(place) + 1)"
        return StoreError(
            .refused, "\(which) of the import, key \"\(key.prefix(80))\": \(why)")
    }
}

extension PromptContent {
    /// Whether a text of it holds U+0000.
    fileprivate var hasNUL: Bool {
        switch self {
        case .text(let text): text.hasNUL
        case .chat(let messages, let tools):
            (tools?.hasNUL ?? false) || messages.contains { $0.texts.contains(where: \.hasNUL) }
        }
    }
}
