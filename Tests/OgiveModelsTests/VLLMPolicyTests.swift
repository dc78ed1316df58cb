import Harness
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// Checks of the policy adapter against a real vLLM; skipped, with the reason, where there is none.
@Suite struct VLLMPolicyTests {
    @Test func policyConforms() async throws {
        guard let url = try await VLLMServer.policy.url() else { return }
        let policy = try Samples.policy(url)
        var parameters = SamplingParameters()
        parameters.maxTokens = 24
        let chat = PolicyConformance(policy: policy, prompt: Samples.chat, parameters: parameters)
        #expect(await chat.problems() == [])
        let text = PolicyConformance(
            policy: policy, prompt: Samples.prompt(.text("Tom has 12")), parameters: parameters)
        #expect(await text.problems() == [])
    }
}
