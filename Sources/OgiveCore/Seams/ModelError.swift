/// What a policy or scorer could not do.
package struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; its raw value is stored in `ogive.failures.code`.
    package enum Code: String, Sendable, CaseIterable, Codable {
        /// Nobody answers at the address.
        case unreachable
        /// No answer within the request's deadline.
        case timeout
        /// The server asks for fewer requests (429, 503).
        case overloaded
        /// The server failed (5xx), or broke off its answer.
        case serverError = "server_error"
        /// The key is missing or wrong (401, 403).
        case unauthorized
        /// The server does not know the model, or serves another one.
        case wrongModel = "wrong_model"
        /// The server lacks the endpoint that is needed (404, 405, 501).
        case unsupported
        /// Prompt, or prompt and completion, do not fit the model's context.
        case promptTooLong = "prompt_too_long"
        /// The server refused the request (other 4xx).
        case rejected
        /// The answer is not what the contract says.
        case malformed
        /// The reward is NaN or infinite.
        case notFinite = "not_finite"
        /// Another number of choices or scores than asked for.
        case wrongCount = "wrong_count"
        /// The prompt lacks what the verifier needs.
        case missingField = "missing_field"
        /// The subprocess died or could not be started.
        case processDied = "process_died"
        /// The item's workers were lost again and again.
        case workerLost = "worker_lost"
        /// The item cannot be carried by one message.
        case tooLarge = "too_large"
        /// The configuration does not fit the specification.
        case misconfigured
    }

    /// The kind of failure.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// How long the server asks to wait.
    package var retryAfter: Duration?

    /// Describes a failure.
    package init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// Whether the same request may be made again.
    ///
    /// Not after an answer that arrived whole, whatever is wrong with it: a server that repeats
    /// itself would give it again, and with another, asking again would choose by outcome.
    package var isRetriable: Bool {
        switch code {
        case .unreachable, .timeout, .overloaded, .serverError, .processDied, .workerLost:
            true
        case .malformed, .notFinite, .wrongCount, .unauthorized, .wrongModel, .unsupported,
            .promptTooLong, .rejected, .missingField, .tooLarge, .misconfigured:
            false
        }
    }

    /// Whether the fault is the endpoint's and not the item's: then items are given back, not
    /// failed.
    package var concernsEndpoint: Bool {
        switch code {
        case .unreachable, .overloaded, .unauthorized, .wrongModel, .unsupported,
            .misconfigured:
            true
        default:
            false
        }
    }

    /// Whether a run's specification asks for what this worker does not have: other runs of the
    /// same model may go on.
    package var concernsRun: Bool { code == .misconfigured || code == .unsupported }

    package var description: String { message }
}
