import FoundationEssentials
import OgiveCore
import OgiveModels

extension FuzzTarget {
    /// Answers that are lists: of SGLang's `/classify`, TEI's `/predict` and `/rerank`.
    static let rewardLists = FuzzTarget(
        name: "reward-lists", mutator: Mutator(grammar: .json, samples: AnswerSamples.rewardLists)
    ) { bytes throws(Broken) in
        let body = Data(bytes)
        var verdict = Verdict.refused
        for reader in 0..<3 {
            let read = try answer(count: 2) { () throws(ModelError) in
                switch reader {
                case 0: try PoolingReader.embeddings(url: url).rewards(body, count: 2)
                case 1:
                    try PoolingReader.predictions(url: url, label: "LABEL_0")
                        .rewards(body, count: 2)
                default: try RerankReader(url: url, shape: .ranks).rewards(body, count: 2)
                }
            } holds: {
                isSound($0)
            }
            if case .taken = read { verdict = .taken }
        }
        return verdict
    }

    /// Ollama's answers, of one completion each.
    static let oneChoice = FuzzTarget(
        name: "one-choice", mutator: Mutator(grammar: .json, samples: AnswerSamples.oneChoice)
    ) { bytes throws(Broken) in
        try answer(count: 1) { () throws(ModelError) in
            try ChoiceReader(url: url, logProbabilities: false, server: .ollama)
                .completions(Data(bytes), count: 1)
        } holds: { completion in
            (0...Int(Int32.max)).contains(completion.tokenCount ?? 0)
                && (completion.promptTokenCount ?? 0) >= 0
        }
    }

    private static let rubrics = JudgeSpec.Rule.allCases.map { rule in
        var spec = JudgeSpec(prompt: "{{completion}}", minimum: -5, maximum: 10)
        spec.rule = rule
        spec.pattern = #"Grade: (-?\d+)"#
        spec.pointer = "/grade"
        return spec
    }

    /// What judges say: a number in range by each rule, or none.
    static let judge = FuzzTarget(
        name: "judge", mutator: Mutator(grammar: .json, samples: AnswerSamples.judge)
    ) { bytes throws(Broken) in
        var verdict = Verdict.refused
        for spec in rubrics {
            let read = try answer(count: 1) { () throws(ModelError) in
                let reader = try JudgeReader(spec)
                let said = try reader.read(Data(bytes), url: url)
                return [.success(Score(try reader.reward(said.text, match: said.text)))]
            } holds: {
                isSound($0) && (spec.minimum...spec.maximum).contains($0.reward)
            }
            if case .taken = read { verdict = .taken }
        }
        return verdict
    }

    /// Log-probabilities of tokens that are given: vLLM's and SGLang's answers.
    static let given = FuzzTarget(
        name: "given", mutator: Mutator(grammar: .json, samples: AnswerSamples.given)
    ) { bytes throws(Broken) in
        let body = Data(bytes)
        let tokens = (0...1).map { GivenTokens(index: $0, prompt: [1, 4], completion: [7, 2]) }
        var verdict = Verdict.refused
        for isSGLang in [false, true] {
            let read = try answer(count: 2) { () throws(ModelError) in
                isSGLang
                    ? try GenerateLogProbabilityReader(url: url, readsTokens: true)
                        .values(body, of: tokens)
                    : try PromptLogProbabilityReader(url: url, readsTokens: true)
                        .values(body, of: tokens)
            } holds: { value in
                value.isValid && value.tokenIDs == [7, 2] && value.tokenValues?.count == 2
                    && (value.spent ?? TokenCount()).input >= 0
            }
            if case .taken = read { verdict = .taken }
        }
        return verdict
    }

    /// A JSON pointer in the first line, and what it points into behind it.
    static let pointers = FuzzTarget(
        name: "pointers", mutator: Mutator(grammar: .json, samples: AnswerSamples.pointers)
    ) { bytes throws(Broken) in
        let (line, rest) = split(bytes)
        guard let root = try? BoundedJSON.decode(JSONValue.self, from: rest) else {
            return .refused
        }
        do throws(ModelError) {
            let pointer = try JSONPointer(line)
            _ = pointer.value(in: root)
            let values = pointer.values(in: root)
            guard values == nil || pointer.isOfList else { throw ModelError(.malformed, "no list") }
            return .taken
        } catch {
            return try refused(error.message)
        }
    }

    /// A template in the first line, and a completion behind it: what comes out is JSON.
    static let templates = FuzzTarget(
        name: "templates", mutator: Mutator(grammar: .json, samples: AnswerSamples.templates)
    ) { bytes throws(Broken) in
        let (line, rest) = split(bytes)
        // What is put in adds depth, and the decoder has a bound of its own.
        guard line.utf8.count(where: { "[{".utf8.contains($0) }) < 100 else { return .refused }
        let request = ScoreRequest(
            prompt: Prompt(
                id: PromptID(1), key: "k\"", content: .text("Say \"x\"\n"),
                metadata: #"{"a":"b\n","c":[1,{"d":null}]}"#),
            completion: String(decoding: rest, as: UTF8.self))
        let text: String
        do throws(ModelError) {
            text = try PromptTemplate(line, form: .json).render(request)
        } catch {
            return try refused(error.message)
        }
        guard (try? BoundedJSON.decode(JSONValue.self, from: Data(text.utf8))) != nil else {
            throw Broken("no JSON came out: \(text.prefix(200))")
        }
        return .taken
    }

    /// The first line as a text, and the bytes behind it.
    private static func split(_ bytes: [UInt8]) -> (line: String, rest: Data) {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        return (String(decoding: bytes[..<end], as: UTF8.self), Data(bytes[end...].dropFirst()))
    }
}
