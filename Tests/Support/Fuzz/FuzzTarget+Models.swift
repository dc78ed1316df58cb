import FoundationEssentials
import OgiveCore
import OgiveModels

extension FuzzTarget {
    static let url = "http://server:8000/v1/x"

    /// Answers of completion APIs, with and without log-probabilities asked for.
    static let completions = FuzzTarget(
        name: "completions", mutator: Mutator(grammar: .json, samples: AnswerSamples.completions)
    ) { bytes throws(Broken) in
        var verdict = Verdict.refused
        for logProbabilities in [true, false] {
            let reader = ChoiceReader(url: url, logProbabilities: logProbabilities)
            verdict = try answer(count: 2) { () throws(ModelError) in
                try reader.completions(Data(bytes), count: 2)
            } holds: { completion in
                (completion.logProbability ?? 0).isFinite
                    && (0...Int(Int32.max)).contains(completion.tokenCount ?? 0)
                    && (logProbabilities || completion.logProbability == nil)
            }
        }
        return verdict
    }

    /// Answers of `/classify` and `/pooling`.
    static let pooling = FuzzTarget(
        name: "pooling", mutator: Mutator(grammar: .json, samples: AnswerSamples.pooling)
    ) { bytes throws(Broken) in
        try answer(count: 2) { () throws(ModelError) in
            try PoolingReader(url: url, models: ["tiny-reward"]).rewards(Data(bytes), count: 2)
        } holds: {
            isSound($0)
        }
    }

    /// Answers of `/v1/rerank`.
    static let rerank = FuzzTarget(
        name: "rerank", mutator: Mutator(grammar: .json, samples: AnswerSamples.rerank)
    ) { bytes throws(Broken) in
        try answer(count: 2) { () throws(ModelError) in
            try RerankReader(url: url).rewards(Data(bytes), count: 2)
        } holds: {
            isSound($0)
        }
    }

    /// `/v1/models` and each server's own pages: one damaged, the others as they should be.
    static let profiles = FuzzTarget(
        name: "profiles", mutator: Mutator(grammar: .json, samples: AnswerSamples.profiles)
    ) { bytes throws(Broken) in
        let (models, props) = (Data(AnswerSamples.models), Data(AnswerSamples.props))
        let page = Data(bytes)
        var verdict = Verdict.refused
        let own = ServerKind.all.flatMap(\.pages)
        for (models, pages) in [(page, [:]), (page, ["/props": props])]
            + own.map({ (models, [$0: page]) })
        {
            do throws(ModelError) {
                let profile = try ServerProfile(
                    models: models, pages: pages, kind: nil, model: "tiny-policy",
                    url: "http://server:8000")
                let most = profile.facts.values.map(\.utf8.count).max() ?? 0
                guard most <= 4_096, profile.facts.count <= 16 else {
                    throw ModelError(.malformed, "")
                }
                verdict = .taken
            } catch {
                _ = try refused(error.message)
            }
        }
        return verdict
    }

    /// Bodies of errors, and the `Retry-After` beside them.
    static let errors = FuzzTarget(
        name: "errors", mutator: Mutator(grammar: .json, samples: AnswerSamples.errors)
    ) { bytes throws(Broken) in
        for status in [400, 401, 404, 429, 500, 503] {
            let error = HTTPFailure.error(
                url: url, status: status, body: Data(bytes),
                retryAfter: String(decoding: bytes.prefix(64), as: UTF8.self))
            _ = try refused(error.message)
            let wait = error.retryAfter ?? .zero
            guard (.zero)...(.seconds(RetryAfter.secondsMax)) ~= wait else {
                throw Broken("Retry-After of \(wait)")
            }
        }
        return .taken
    }

    /// What a scoring command writes, in pieces of any size.
    static let command = FuzzTarget(
        name: "command", mutator: Mutator(grammar: .json, samples: AnswerSamples.command)
    ) { bytes throws(Broken) in
        let whole = try replies([bytes])
        let middle = bytes.count / 2
        let pieces = try replies([Array(bytes[..<middle]), Array(bytes[middle...])])
        guard whole.results == pieces.results, whole.error == pieces.error else {
            throw Broken("other replies when the bytes come in pieces")
        }
        for case .success(let reward) in whole.results where !reward.isFinite {
            throw Broken("the reward \(reward)")
        }
        return whole.error == nil ? .taken : .refused
    }

    private static func replies(_ pieces: [[UInt8]]) throws(Broken) -> (
        results: [Result<Double, ModelError>], error: String?
    ) {
        var reader = CommandReader(lineBytesMax: 4_096)
        var results: [Result<Double, ModelError>] = []
        for piece in pieces {
            do throws(ModelError) {
                results += try reader.replies(piece).map(\.result)
            } catch {
                _ = try refused(error.message)
                return ([], error.message)
            }
        }
        return (results, nil)
    }

    /// A finite reward; what it took is known or not, and never negative.
    static func isSound(_ score: Score) -> Bool {
        score.reward.isFinite && score.parts.allSatisfy(\.isFinite)
            && (score.tokens ?? TokenCount()).input >= 0
            && (score.tokens ?? TokenCount()).output >= 0
    }

    /// An answer is refused as a whole, or has an entry for each thing asked for: a value that
    /// `holds`, or a failure that says why.
    static func answer<Value>(
        count: Int, _ read: () throws(ModelError) -> [Result<Value, ModelError>],
        holds: (Value) -> Bool
    ) throws(Broken) -> Verdict {
        let entries: [Result<Value, ModelError>]
        do throws(ModelError) {
            entries = try read()
        } catch {
            return try refused(error.message)
        }
        guard entries.count == count else { throw Broken("\(entries.count) entries") }
        for entry in entries {
            switch entry {
            case .success(let value):
                guard holds(value) else { throw Broken("took \(value)") }
            case .failure(let error): _ = try refused(error.message)
            }
        }
        return .taken
    }
}
