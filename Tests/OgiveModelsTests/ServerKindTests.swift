import OgiveCore
import Testing

@testable import OgiveModels

/// The list of known servers.
@Suite(.timeLimit(.minutes(10))) struct ServerKindTests {
    @Test func namesInFingerprintsStayAsTheyAre() {
        #expect(
            ServerKind.all.map(\.name) == [
                "vLLM", "SGLang", "TEI", "llama.cpp", "TGI", "Ollama", "OpenAI",
                "openai-compatible",
            ])
        #expect(Set(ServerKind.all.map(\.yamlName)).count == ServerKind.all.count)
    }

    @Test func everyKindWithPagesIsLookedForByThem() {
        let known = ServerKind.all.filter { !$0.pages.isEmpty }
        #expect(Set(ServerKind.recognised) == Set(known))
        #expect(ServerKind.recognised.count == known.count)
    }

    @Test func onlyAnAddressOfOpenAISaysWhichServerItIs() throws {
        let hosted = try ModelURL("https://api.openai.com/v1")
        #expect(ServerKind.at(hosted) == .openAI)
        let local = try ModelURL("http://127.0.0.1:8000")
        #expect(ServerKind.at(local) == nil)
    }

    @Test func noWordForAnEndHasTwoMeanings() {
        var meanings: [String: Set<String>] = [:]
        for kind in ServerKind.all {
            for (word, meaning) in kind.finishReasons {
                meanings[word, default: []].insert("\(meaning)")
            }
        }
        #expect(meanings.count > 20)
        #expect(meanings.filter { $0.value.count > 1 }.isEmpty)
        #expect(meanings.keys.allSatisfy { $0 == $0.lowercased() })
    }

    @Test(arguments: ["eos_token", "END_TURN", "stop"]) func wordsAreReadInAnyCase(_ word: String) {
        guard case .ended(.stop) = FinishReason.meaning(of: word) else {
            Issue.record("\(word) is no end")
            return
        }
    }
}
