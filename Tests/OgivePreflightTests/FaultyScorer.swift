import OgiveCore
import Synchronization

/// A scorer whose server commits one fault.
final class FaultyScorer: Scorer {
    enum Fault {
        case none, squashed, tanh, constant, noisy, padded, cutsEnd, cutsBeginning, tooShort, dead,
            narrow
    }

    private let fault: Fault
    private let calls = Atomic<UInt64>(0)

    init(_ fault: Fault) {
        self.fault = fault
    }

    func fingerprint() async throws(ModelError) -> Fingerprint { Fingerprint(["model": "r"]) }

    func refusal(of prompt: Prompt) async -> ModelError? {
        guard fault == .narrow, case .chat(let messages, _) = prompt.content, messages.count > 1
        else { return nil }
        return ModelError(.rejected, "`\(prompt.key)` is more than one user turn")
    }

    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        let longest = requests.map(\.completion.utf8.count).max() ?? 0
        return requests.map { request in
            if fault == .dead { return .failure(ModelError(.unreachable, "nobody there")) }
            if fault == .tooShort, request.completion.utf8.count > 500 {
                return .failure(ModelError(.promptTooLong, "more than the context"))
            }
            return .success(Score(reward(request.completion, longest: longest)))
        }
    }

    private func reward(_ text: String, longest: Int) -> Double {
        var text = text
        if fault == .cutsEnd { text = String(text.prefix(300)) }
        if fault == .cutsBeginning { text = String(text.suffix(300)) }
        var sum: UInt64 = 14_695_981_039_346_656_037
        for byte in text.utf8 { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
        let raw = Double(sum % 1_000) / 100 - 5
        switch fault {
        case .squashed: return (raw + 5) / 10
        case .tanh: return raw / 5
        case .constant: return 1
        case .noisy: return raw + Double(calls.add(1, ordering: .relaxed).newValue % 7)
        case .padded: return raw + Double(longest) / 50
        default: return raw
        }
    }
}
