internal import OgiveCore

/// Which fields of a row are completions to adopt: the section `adopt.fields`, for shapes that are
/// not recognised. Paths are written as in `prompts.fields`.
struct AdoptionMap: Hashable, Sendable {
    /// The field with the list of a prompt's completions.
    var completions: String?
    /// The field with one completion, where each has a row.
    var completion: String?
    /// The field with the list of rewards, one for each completion.
    var rewards: String?
    /// The field with the reward of a row, or of an element of the list.
    var reward = "reward"
    /// The field of an element with its text.
    var text: String?
    /// The field of a row or an element that says why the completion ended.
    var finishReason = "finish_reason"
    /// The field of a row or an element with its number of tokens.
    var tokens: String?

    /// What is said other than usual: part of the identity of what is adopted.
    var identity: [String: String] {
        [
            "completions": completions, "completion": completion, "rewards": rewards,
            "reward": reward == Self().reward ? nil : reward, "text": text,
            "finish_reason": finishReason == Self().finishReason ? nil : finishReason,
            "tokens": tokens,
        ].compactMapValues(\.self)
    }
}

/// Takes completions that others sampled, and their rewards, out of a row. What is left is the
/// prompt's. The page *Adopting* of the documentation shows each shape.
struct AdoptionShape: Hashable, Sendable {
    /// The fields; `nil` recognises the shapes that are known.
    var map: AdoptionMap?

    /// What was found in a row.
    struct Found {
        /// The completions, in the order of the row.
        var completions: [AdoptedCompletion]
        /// What may not be as the author meant it.
        var notes: [ImportNote] = []
    }

    /// Takes them. Throws why the row is bad.
    func take(from row: inout JSONFields) throws(RowProblem) -> Found {
        if let map { return Found(completions: try take(map, from: &row)) }
        if let list = row.takeUnlessNull("ref_completions") {
            return Found(completions: try Self.claire(list, &row))
        }
        for field in ["rollout_results", "inference_results"] {
            if let list = row.takeUnlessNull(path: ["metadata", field]) ?? row.takeUnlessNull(field)
            {
                return try Self.datatrove(list, field: field, &row)
            }
        }
        if row["responses_create_params"]?.fields != nil, row["response"]?.fields != nil {
            return Found(completions: [try ResponsesRow.take(from: &row)])
        }
        var map = AdoptionMap()
        if row["completions"]?.elements != nil {
            map.completions = "completions"
            map.rewards = row["rewards"] == nil ? nil : "rewards"
        } else if row["completion"] != nil {
            map.completion = "completion"
        } else {
            throw Self.unknown(row)
        }
        return Found(completions: try take(map, from: &row))
    }

    private func take(
        _ map: AdoptionMap, from row: inout JSONFields
    ) throws(RowProblem) -> [AdoptedCompletion] {
        let reader = AdoptedElement(map)
        if let field = map.completions {
            guard let list = row.takeUnlessNull(path: field) else { throw Self.missing(field, row) }
            let rewards = map.rewards.flatMap { row.takeUnlessNull(path: $0) }
            return try Self.list(list, field, rewards, map.rewards ?? "", reader)
        }
        let field = map.completion ?? ""
        guard let value = row.takeUnlessNull(path: field) else { throw Self.missing(field, row) }
        var completion = try reader.read(value, "`\(field)`")
        if let reward = row.takeUnlessNull(path: map.reward) {
            guard completion.text != nil else {
                throw RowProblem(.inconsistent, "`\(map.reward)` is the reward of no text")
            }
            completion.reward = try AdoptedElement.reward(reward, "`\(map.reward)`")
        }
        if let reason = row.takeUnlessNull(path: map.finishReason) {
            completion.finishReason = AdoptedElement.finishReason(reason)
        }
        if let field = map.tokens, let count = row.takeUnlessNull(path: field) {
            completion.tokenCount = AdoptedElement.count(count)
        }
        return [completion]
    }

    /// A list of completions, and the list of their rewards where there is one.
    private static func list(
        _ list: ExactJSON, _ field: String, _ rewards: ExactJSON?, _ rewardField: String,
        _ reader: AdoptedElement
    ) throws(RowProblem) -> [AdoptedCompletion] {
        guard let elements = list.elements else {
            throw RowProblem(.wrongType, "`\(field)` must be a list, not \(list.kind)")
        }
        var completions: [AdoptedCompletion] = []
        for (index, element) in elements.enumerated() {
            completions.append(try reader.read(element, "`\(field)[\(index)]`"))
        }
        guard let rewards else { return completions }
        guard let values = rewards.elements else {
            throw RowProblem(.wrongType, "`\(rewardField)` must be a list, not \(rewards.kind)")
        }
        guard values.count == completions.count else {
            throw RowProblem(
                .inconsistent,
                "`\(field)` has \(completions.count) completions and `\(rewardField)` "
                    + "\(values.count) rewards")
        }
        for (index, value) in values.enumerated() where value != .null {
            let place = "`\(rewardField)[\(index)]`"
            guard completions[index].text != nil else {
                throw RowProblem(.inconsistent, "\(place) is the reward of no text")
            }
            completions[index].reward = try AdoptedElement.reward(value, place)
        }
        return completions
    }

    /// `ref_completions`, as QRPO's authors publish them: a list of texts, or a chat whose last
    /// message is such a list as JSON text; with `ref_rewards`.
    private static func claire(
        _ value: ExactJSON, _ row: inout JSONFields
    ) throws(RowProblem) -> [AdoptedCompletion] {
        let field = "ref_completions"
        var list = value
        if let chat = value.elements, let last = chat.last?.fields, let role = last["role"] {
            guard role.text == "assistant", let text = last["content"]?.text,
                let parsed = try? JSONParser.parse(Array(text.utf8)), parsed.elements != nil
            else {
                throw RowProblem(
                    .inconsistent,
                    "`\(field)` is a chat, and its last message is not the assistant's with a JSON "
                        + "list of texts")
            }
            list = parsed
            let isNamed = ["prompt", "messages", "conversations", "question", "chosen", "rejected"]
                .contains { row[$0].map { $0 != .null } ?? false }
            if !isNamed { row["messages"] = .array(Array(chat.dropLast())) }
        }
        let rewards = row.takeUnlessNull("ref_rewards")
        return try Self.list(list, field, rewards, "ref_rewards", AdoptedElement(AdoptionMap()))
    }

    /// What datatrove's inference pipeline writes: results in the metadata of a document.
    private static func datatrove(
        _ value: ExactJSON, field: String, _ row: inout JSONFields
    ) throws(RowProblem) -> Found {
        let reader = AdoptedElement(AdoptionMap())
        var found = Found(completions: try list(value, field, nil, "", reader))
        let isNamed = ["prompt", "messages"].contains { row[$0].map { $0 != .null } ?? false }
        if !isNamed, let text = row.takeUnlessNull("text") {
            row["prompt"] = text
            found.notes = [
                ImportNote(
                    text: "the document's `text` is taken as the prompt: datatrove keeps no "
                        + "request, so make sure that nothing was put around the text")
            ]
        }
        return found
    }

    private static func missing(_ field: String, _ row: JSONFields) -> RowProblem {
        RowProblem(
            .unknownShape,
            "the field `\(field)` with what is to be adopted is missing; there are \(names(row))")
    }

    private static func unknown(_ row: JSONFields) -> RowProblem {
        RowProblem(
            .unknownShape,
            "no completions recognised in the fields \(names(row)); name the field in the "
                + "configuration: `adopt: {fields: {completions: FIELD}}` for a list, "
                + "`adopt: {fields: {completion: FIELD}}` for one a row")
    }

    private static func names(_ row: JSONFields) -> String {
        let names = row.names.prefix(20).map { "`\($0.prefix(40))`" }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}

extension JSONFields {
    /// Takes a field out; null counts as absent.
    mutating func takeUnlessNull(_ field: String) -> ExactJSON? {
        guard let value = remove(field), value != .null else { return nil }
        return value
    }

    /// Takes a field out, by its name or by a path of names with dots between them; one within a
    /// list stays where it is.
    mutating func takeUnlessNull(path: String) -> ExactJSON? {
        if self[path] != nil { return takeUnlessNull(path) }
        let names = path.split(separator: ".").map(String.init)
        if let value = takeUnlessNull(path: names) { return value }
        var draft = RowDraft(self)
        return draft.takeUnlessNull(path)
    }

    /// Takes a field of objects within each other out.
    mutating func takeUnlessNull(path: [String]) -> ExactJSON? {
        guard let name = path.first else { return nil }
        if path.count == 1 { return takeUnlessNull(name) }
        guard var inner = self[name]?.fields else { return nil }
        let value = inner.takeUnlessNull(path: Array(path.dropFirst()))
        if value != nil { self[name] = .object(inner) }
        return value
    }
}
