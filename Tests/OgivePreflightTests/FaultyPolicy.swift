import OgiveCore
import Synchronization

/// A policy whose server commits one fault.
final class FaultyPolicy: Policy {
    enum Fault: CaseIterable {
        case none, oneSeedForAll, copiedChoices, otherChoices, notDeterministic
        case ignoresTemperature, ignoresLimit, certain
        case noLogProbability, positiveLogProbability, otherLogProbability
        case secondEnd, processed, noRoom, lossy
        case neverEnds, noTokenCount, noEndToken, mute, dead
    }

    private let fault: Fault
    private let calls = Atomic<UInt64>(0)

    init(_ fault: Fault = .none) {
        self.fault = fault
    }

    func fingerprint() async throws(ModelError) -> Fingerprint { Fingerprint(["model": "m"]) }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        if fault == .dead {
            return request.indexes.map { _ in .failure(ModelError(.unreachable, "nobody there")) }
        }
        return request.indexes.map { index in .success(completion(request, index)) }
    }

    private func completion(_ request: SampleRequest, _ index: Int32) -> Completion {
        let first = request.indexes.first ?? 0
        let parameters = request.parameters
        var seed = UInt64(request.seedBase) + UInt64(index)
        switch fault {
        case .oneSeedForAll: seed = 1
        case .copiedChoices: seed = UInt64(request.seedBase) + UInt64(first)
        case .otherChoices: if index > first { seed += 100_000 }
        case .notDeterministic: seed += calls.add(1, ordering: .relaxed).newValue * 1_000_000
        default: break
        }
        if parameters.temperature == 0, fault != .ignoresTemperature { seed = 2 }
        if fault == .certain, parameters.temperature < 1.5 { seed = 3 }
        let isCut = fault == .neverEnds || parameters.maxTokens < 4
        let words = fault == .ignoresLimit ? 3 : min(3, parameters.maxTokens)
        // A finished completion has one token more than words: the end token.
        let hasEnd = !isCut && fault != .noEndToken
        let count = fault == .noTokenCount ? nil : words + (hasEnd ? 1 : 0)
        var completion = Completion(
            text: "draw \(seed % 9_973) x", tokenCount: count,
            finishReason: isCut ? .length : .stop, logProbability: log(seed))
        completion.promptTokenCount = 7
        if let log = completion.logProbability, hasEnd, count == 4 {
            // The model has two tokens that end a text, 2 and 3.
            let isSecond = fault == .secondEnd && seed % 2 == 1
            let shaped =
                fault == .processed && parameters.temperature != 1
                ? log / parameters.temperature : log
            completion.tokenIDs = [10, 11, 12, isSecond ? 3 : 2]
            completion.tokenLogProbabilities =
                [shaped + 0.75, -0.25, -0.25, isSecond ? -2.5 : -0.25]
            completion.logProbability = completion.tokenLogProbabilities?.reduce(0, +)
        }
        if fault == .lossy, seed % 2 == 0 {
            completion.text += "\u{FFFD}"
            completion.logProbability = nil
            completion.tokenLogProbabilities = nil
        }
        return completion
    }

    private func log(_ seed: UInt64) -> Double? {
        switch fault {
        case .noLogProbability: nil
        case .positiveLogProbability: 2.5
        case .certain: -0.001
        default: -8 - Double(seed % 9_973 % 3)
        }
    }

    func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        if fault == .mute {
            return request.completions.map { _ in .failure(ModelError(.unsupported, "no")) }
        }
        return request.completions.enumerated().map { place, text in
            if fault == .noRoom, place == 0 {
                return .failure(ModelError(.promptTooLong, "prompt and a candidate do not fit"))
            }
            let seed = UInt64(text.split(separator: " ")[1]) ?? 0
            let value = (log(seed) ?? 0) + (fault == .otherLogProbability ? 1 : 0)
            return .success(
                LogProbability(
                    sum: value, tokenCount: 4, tokenIDs: [10, 11, 12, 2],
                    tokenValues: [value + 0.75, -0.25, -0.25, -0.25]))
        }
    }
}

enum Samples {
    static let prompts = (0..<4).map { number in
        Prompt(
            id: PromptID(Int64(number)), key: "p\(number)",
            content: .chat([ChatMessage(role: "user", content: "What is \(number) + 2?")]),
            metadata: "{}")
    }

    static func sampling(maxTokens: Int = 256, temperature: Double = 1) -> SamplingSpec {
        var parameters = SamplingParameters()
        parameters.maxTokens = maxTokens
        parameters.temperature = temperature
        return SamplingSpec(
            promptSet: "set", policy: PolicySpec(kind: .openai, model: "m"),
            parameters: parameters)
    }
}

/// A tokeniser of words, with BOS 1 and end 2, that commits one fault.
struct WordInspector: ModelInspector {
    var name = "http://policy"
    var context: Int? = 4_096
    var bosCount = 1
    var addsBOS = true
    var template = "<user>"
    var squash: (squashed: Double, raw: Double)?

    func contextLength() async throws(ModelError) -> Int? { context }

    func tokens(of text: String, addingSpecial: Bool) async throws(ModelError) -> [Int]? {
        (addingSpecial && addsBOS ? [1] : []) + words(text)
    }

    func tokens(of prompt: Prompt, completion: String?) async throws(ModelError) -> [Int]? {
        let text = try await rendered(prompt, completion: completion) ?? ""
        return [Int](repeating: 1, count: bosCount) + words(text)
            + (completion == nil ? [] : [2])
    }

    func rendered(_ prompt: Prompt, completion: String?) async throws(ModelError) -> String? {
        guard case .chat(let messages, _) = prompt.content else { return nil }
        return messages.map { "\(template) \($0.content)" }.joined(separator: " ")
            + (completion.map { " <assistant> \($0)" } ?? "")
    }

    func squashedAndRaw(
        _ request: ScoreRequest
    ) async throws(ModelError) -> (squashed: Double, raw: Double)? {
        squash
    }

    private func words(_ text: String) -> [Int] {
        text.split(separator: " ").map { 10 + $0.utf8.reduce(0) { $0 + Int($1) } }
    }
}

/// A server that shows nothing of what it makes of a text.
struct MuteInspector: ModelInspector {
    let name = "http://mute"

    func contextLength() async throws(ModelError) -> Int? { nil }

    func tokens(of text: String, addingSpecial: Bool) async throws(ModelError) -> [Int]? { nil }

    func tokens(of prompt: Prompt, completion: String?) async throws(ModelError) -> [Int]? { nil }

    func rendered(_ prompt: Prompt, completion: String?) async throws(ModelError) -> String? { nil }

    func squashedAndRaw(
        _ request: ScoreRequest
    ) async throws(ModelError) -> (squashed: Double, raw: Double)? { nil }
}
