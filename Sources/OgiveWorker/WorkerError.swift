package import OgiveCore

/// Why a worker had to stop.
package struct WorkerError: Error, Sendable, CustomStringConvertible {
    /// The kind of reason.
    package enum Code: String, Sendable {
        /// No coordinator answered.
        case noCoordinator = "no_coordinator"
        /// The coordinator refuses this worker.
        case refused
        /// The model servers were away for too long, or refuse the worker.
        case models
    }

    /// The kind of reason.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// What the model server said, when it is the reason.
    package var cause: ModelError?

    /// Whether starting the worker again may help without a change by hand.
    package var isRetriable: Bool {
        switch code {
        case .noCoordinator: true
        case .refused: false
        case .models: cause?.isRetriable ?? false
        }
    }

    package var description: String { message }
}
