package import OgiveCore

/// A policy whose failed draws are asked for again, each with its own seed.
package struct RetryingPolicy: Policy {
    private let policy: any Policy
    private let retrying: Retrying

    /// Decorates `policy`.
    package init(_ policy: any Policy, retrying: Retrying = Retrying()) {
        self.policy = policy
        self.retrying = retrying
    }

    /// Asked without retries: a server that is not there yet is for the caller to wait for.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        try await policy.fingerprint()
    }

    /// Asks again only for the draws that failed and may succeed, never for those that came.
    package func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        await retrying.run(count: request.indexes.count) { open in
            var part = request
            part.indexes = open.map { request.indexes[$0] }
            return await policy.sample(part)
        }
    }
}
