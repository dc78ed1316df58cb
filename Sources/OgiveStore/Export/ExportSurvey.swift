internal import OgiveCore
internal import Postgres

/// What is known of a run's prompts and tables before the first row is read.
struct ExportSurvey: Sendable {
    /// Prompts with a table, in the band of the request; so is all that follows.
    let tables: Int
    /// Prompts with a table whose pass rate is not in the band.
    let outside: Int
    /// Rewards of the smallest and of the largest table.
    let least: Int
    let most: Int
    /// Tables with fewer rewards than asked for.
    let few: Int
    /// Prompts that were sampled as chats, and as plain texts.
    let chats: Int
    let texts: Int
    /// Prompts that end in a partial turn of the assistant.
    let continued: Int
    /// Prompts with tools.
    let tools: Int
    /// Prompts in which a turn calls tools.
    let calls: Int
    /// Prompts that are no single turn of a user.
    let several: Int
    /// Prompts whose messages have other fields than role and content.
    let rich: Int
    /// How prompts were sent, as `ogive.run_policies` says it.
    let api: String
    /// Whether the draws are of the distribution whose log-probability is stored.
    let samplesModel: Bool
    /// Whether columns of reference log-probabilities are written.
    var hasLogProbabilities = false
    /// How many rewards a row has, of targets that have a column for each.
    var references = 0

    /// What a prompt or a completion is in the files.
    var talk: ExportType {
        if texts > 0, !isOfChats { return chats > 0 ? .json : .text }
        return rich > 0 ? .json : .chat
    }

    /// The same for a target that makes chats of all that it takes.
    var asChats: ExportSurvey {
        var survey = self
        survey.isOfChats = true
        return survey
    }
    private var isOfChats = false

    /// Surveys what `place` names: the snapshot (0 for what is there now) and the run.
    init(
        _ request: ExportRequest, _ place: [PostgresValue], isPinned: Bool, policy: PostgresRow,
        _ connection: PostgresConnection
    ) async throws {
        api = try policy.decode("api")
        samplesModel = try policy.decode("samples_model")
        let hasBand = request.band != nil
        let row = try await connection.query(
            ExportQueries.survey(isPinned: isPinned, hasBand: hasBand),
            place + [.int64(Int64(request.refRewards ?? 0)), .string(api)]
                + ExportQueries.bandParameters(request)
        ).one()
        func count(_ name: String) throws -> Int { try row.decode(name, as: Int?.self) ?? 0 }
        (tables, least, most, few) = try (
            count("tables"), count("least"), count("most"), count("few")
        )
        var all = tables
        if hasBand {
            all = try await connection.query(ExportQueries.tables(isPinned: isPinned), place).one()
                .decode(0)
        }
        outside = all - tables
        (chats, texts) = try (count("chats"), count("texts"))
        (continued, tools, calls) = try (count("continued"), count("tools"), count("calls"))
        (several, rich) = try (count("several"), count("rich"))
    }

    /// Throws when no column of the target could hold all prompts.
    func requireOneForm(_ request: ExportRequest) throws(StoreError) {
        if chats == 0 || texts == 0 || request.target.takesAnyPrompt { return }
        throw StoreError(
            .conflict,
            "\(request.target.rawValue) needs prompts of one form, and \(chats) of run "
                + "\"\(request.run)\" were sampled as chats and \(texts) as plain texts. Import "
                + "them as two sets, or sample all as chats with `policy.api: chat`; --for raw "
                + "writes both.")
    }

    /// The reason of prompts with fewer rewards than asked for.
    static let fewRewards = "has fewer rewards than --ref-rewards"

    /// Which prompts the target leaves out, by reason.
    func leftOut(_ target: ExportTarget) -> [(reason: String, prompts: Int)] {
        var found = [
            ("has a pass rate below --min-rate or above --max-rate", outside),
            (Self.fewRewards, few),
        ]
        if target.leavesOut.contains(.partialTurns) {
            found.append(("ends in a partial turn of the assistant", continued))
        }
        if !target.takesAnyPrompt || target.leavesOut.contains(.tools) {
            found.append(("has turns that call tools", calls))
        }
        if target.leavesOut.contains(.tools) { found.append(("has tools", tools)) }
        if target.leavesOut.contains(.texts) {
            found.append(("is a plain text, not a chat", texts))
        }
        if target.leavesOut.contains(.severalTurns) {
            found.append(("is not one turn of a user", several))
        }
        return found.filter { $0.1 > 0 }.map { (reason: $0.0, prompts: $0.1) }
    }
}

/// Prompts that a trainer would misread, so that its rows are without them.
enum ExportExclusion: Sendable {
    /// Those that end in a partial turn of the assistant.
    case partialTurns
    /// Those with tools.
    case tools
    /// Plain texts.
    case texts
    /// Those of more than one turn, with a system message among them.
    case severalTurns
}
