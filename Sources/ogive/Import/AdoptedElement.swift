internal import OgiveCore

/// Reads one completion that is to be adopted: a text, a chat that ends with it, or an object.
struct AdoptedElement {
    private let map: AdoptionMap

    /// Names of the fields of an object.
    init(_ map: AdoptionMap) {
        self.map = map
    }

    /// Reads an element; `place` is what messages call it. Throws why it cannot be adopted.
    func read(_ value: ExactJSON, _ place: String) throws(RowProblem) -> AdoptedCompletion {
        switch value {
        case .string(let text): return AdoptedCompletion(text: text)
        case .null: return AdoptedCompletion(error: "null")
        case .array(let turns):
            guard let last = turns.last?.fields, last["role"]?.text == "assistant" else {
                throw RowProblem(
                    .inconsistent, "\(place) must end with a message of the assistant")
            }
            return try message(last, place)
        case .object(let fields):
            return fields["role"] == nil ? try object(fields, place) : try message(fields, place)
        case .bool, .number:
            throw RowProblem(
                .wrongType, "\(place) must be a text, messages or an object, not \(value.kind)")
        }
    }

    private func message(
        _ fields: JSONFields, _ place: String
    ) throws(RowProblem) -> AdoptedCompletion {
        for more in ["tool_calls", "reasoning_content"] {
            guard fields[more].map({ !$0.isNothing }) ?? false else { continue }
            throw RowProblem(
                .unsupportedContent,
                "\(place) has `\(more)`; a completion is the text that a model writes, whole")
        }
        guard let text = fields["content"]?.text else {
            throw RowProblem(.wrongType, "\(place) needs a text in `content`")
        }
        return AdoptedCompletion(text: text)
    }

    private func object(
        _ fields: JSONFields, _ place: String
    ) throws(RowProblem) -> AdoptedCompletion {
        let names = map.text.map { [$0] } ?? ["text", "completion", "content"]
        guard let name = names.first(where: { fields[$0]?.text != nil }),
            let text = fields[name]?.text
        else {
            if let error = fields["error"], error != .null {
                return AdoptedCompletion(error: String((error.text ?? error.json).prefix(2_000)))
            }
            throw RowProblem(
                .wrongType,
                "\(place) needs a text in " + names.map { "`\($0)`" }.joined(separator: " or ")
                    + "; `adopt: {fields: {…, text: FIELD}}` names another field")
        }
        var completion = AdoptedCompletion(text: text)
        if let reward = fields[map.reward], reward != .null {
            completion.reward = try Self.reward(reward, "`\(map.reward)` of \(place)")
        }
        if let reason = fields[map.finishReason] {
            completion.finishReason = Self.finishReason(reason)
        }
        let tokens =
            map.tokens.map { fields[$0] }
            ?? fields["token_count"] ?? fields["usage"]?.fields?["completion_tokens"]
        completion.tokenCount = tokens.flatMap(Self.count)
        return completion
    }

    /// A reward as it is written; whether it can be one is seen when it lands.
    static func reward(_ value: ExactJSON, _ place: String) throws(RowProblem) -> Double {
        guard case .number(let digits) = value, let reward = Double(digits) else {
            throw RowProblem(.wrongType, "\(place) must be a number, not \(value.kind)")
        }
        return reward
    }

    /// Why a completion ended; what is not known is `other`.
    static func finishReason(_ value: ExactJSON) -> FinishReason {
        value.text.flatMap(FinishReason.init(rawValue:)) ?? .other
    }

    /// A number of tokens; one that makes no sense is not known.
    static func count(_ value: ExactJSON) -> Int? {
        guard case .number(let digits) = value, let count = Int(digits), count >= 0 else {
            return nil
        }
        return count
    }
}

/// Reads a row of NeMo Gym's rollouts: a request and an answer of OpenAI's API of responses, and a
/// reward.
enum ResponsesRow {
    /// Takes the completion, and leaves a row with the prompt.
    static func take(from row: inout JSONFields) throws(RowProblem) -> AdoptedCompletion {
        guard var request = row.takeUnlessNull("responses_create_params")?.fields,
            let response = row.takeUnlessNull("response")?.fields
        else { throw RowProblem(.unknownShape, "`response` is missing") }
        var completion = AdoptedCompletion(text: try text(response))
        if let reward = row.takeUnlessNull("reward") {
            completion.reward = try AdoptedElement.reward(reward, "`reward`")
        }
        let isCut = response["incomplete_details"]?.fields?["reason"]?.text == "max_output_tokens"
        if isCut {
            completion.finishReason = .length
        } else if response["status"]?.text == "completed" {
            completion.finishReason = .stop
        }
        completion.tokenCount = response["usage"]?.fields?["output_tokens"].flatMap(
            AdoptedElement.count)
        // It names the completion, and not the prompt.
        _ = row.remove("_ng_rollout_index")
        try prompt(&request, &row)
        if let tools = request.takeUnlessNull("tools"), !tools.isNothing { row["tools"] = tools }
        if !request.isEmpty { row["responses_create_params"] = .object(request) }
        return completion
    }

    private static func prompt(
        _ request: inout JSONFields, _ row: inout JSONFields
    ) throws(RowProblem) {
        let instructions = request.takeUnlessNull("instructions")
        switch request.takeUnlessNull("input") {
        case .string(let text)?:
            row["messages"] = .array([
                .object(["role": .string("user"), "content": .string(text)])
            ])
        case .array(let turns)?:
            var messages: [ExactJSON] = []
            for turn in turns { messages.append(try message(turn)) }
            row["messages"] = .array(messages)
        default:
            throw RowProblem(
                .unknownShape, "`responses_create_params.input` must be a text or a list")
        }
        if let instructions { row["system"] = instructions }
    }

    /// A turn of the input as a chat has it.
    private static func message(_ value: ExactJSON) throws(RowProblem) -> ExactJSON {
        guard let fields = value.fields, let role = fields["role"],
            fields["type"] == nil || fields["type"]?.text == "message"
        else {
            throw RowProblem(
                .unsupportedContent,
                "`responses_create_params.input` has more than messages; calls of tools and their "
                    + "results are not adopted")
        }
        return .object(["role": role, "content": .string(try joined(fields["content"]))])
    }

    /// The text of the only output.
    private static func text(_ response: JSONFields) throws(RowProblem) -> String {
        guard let outputs = response["output"]?.elements, outputs.count == 1,
            let output = outputs[0].fields, output["type"]?.text == "message"
        else {
            throw RowProblem(
                .unsupportedContent,
                "`response.output` must be one message: calls of tools, reasoning and several "
                    + "messages are more than the one text that a completion is")
        }
        return try joined(output["content"])
    }

    private static func joined(_ content: ExactJSON?) throws(RowProblem) -> String {
        if let text = content?.text { return text }
        var text = ""
        for part in content?.elements ?? [.null] {
            guard let fields = part.fields, let piece = fields["text"]?.text else {
                throw RowProblem(.unsupportedContent, "a message has a part that is no text")
            }
            text += piece
        }
        return text
    }
}
