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
        /// The account behind the key has no credit left (402).
        case outOfCredit = "out_of_credit"
        /// The key is missing or wrong (401, 403).
        case unauthorized
        /// The server does not know the model, or serves another one.
        case wrongModel = "wrong_model"
        /// The server lacks the API that is needed (404, 405, 501).
        case unsupported
        /// Prompt, or prompt and completion, do not fit the model's context.
        case promptTooLong = "prompt_too_long"
        /// The server refused the request (other 4xx).
        case rejected
        /// The server withheld what was asked for: a content filter, or a refusal beside the text.
        case filtered
        /// The server cut a part out of what was sampled: thoughts, or a tool call.
        case cutOut = "cut_out"
        /// The answer is not what the contract says.
        case malformed
        /// The reward is NaN or infinite.
        case notFinite = "not_finite"
        /// Another number of choices or scores than asked for.
        case wrongCount = "wrong_count"
        /// The prompt lacks what the verifier needs.
        case missingField = "missing_field"
        /// A regular expression took more steps than it may.
        case tooCostly = "too_costly"
        /// The subprocess died or could not be started.
        case processDied = "process_died"
        /// The item's workers were lost again and again.
        case workerLost = "worker_lost"
        /// The item cannot be carried by one message.
        case tooLarge = "too_large"
        /// The run's specification cannot be carried out by any worker.
        case invalidSpecification = "invalid_specification"
        /// The configuration does not fit the specification.
        case misconfigured
        /// The file that was adopted does not have it.
        case notGiven = "not_given"
    }

    /// The kind of failure.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// How long the server asks to wait.
    package var retryAfter: Duration?
    /// Whether the server broke off its answer, or the connection.
    package var isBrokenOff = false

    /// Describes a failure. Secrets that a server repeats are hidden in the message.
    package init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = Secrets.hiding(in: message)
        self.retryAfter = retryAfter
    }

    /// Whether the same request may be made again.
    ///
    /// Not after an answer that arrived whole, whatever is wrong with it: a server that repeats
    /// itself would give it again, and with another, asking again would choose by outcome.
    package var isRetriable: Bool {
        switch code {
        case .unreachable, .timeout, .overloaded, .outOfCredit, .serverError, .processDied,
            .workerLost:
            true
        case .malformed, .notFinite, .wrongCount, .unauthorized, .wrongModel, .unsupported,
            .promptTooLong, .rejected, .filtered, .cutOut, .missingField, .tooCostly, .tooLarge,
            .invalidSpecification, .misconfigured, .notGiven:
            false
        }
    }

    /// Whether the fault is the endpoint's and not the item's: then items are given back, not
    /// failed. No code for which this holds may follow from what one prompt or completion holds.
    package var concernsEndpoint: Bool {
        switch code {
        case .unreachable, .overloaded, .outOfCredit, .unauthorized, .wrongModel, .unsupported,
            .misconfigured:
            true
        default:
            false
        }
    }

    /// Whether nobody is there any more, or the server went away in the middle of its answer.
    package var isServerGone: Bool { code == .unreachable || isBrokenOff }

    /// Whether a run's specification asks for what this worker does not have: other runs of the
    /// same model may go on.
    package var concernsRun: Bool { code == .misconfigured || code == .unsupported }

    package var description: String { message }
}
