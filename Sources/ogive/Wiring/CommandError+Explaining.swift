internal import OgiveCoordinator
internal import OgiveCore
internal import OgiveTransport
internal import OgiveWorker
internal import Postgres

extension CommandError {
    /// Says of any module's error what a person needs to know, and which exit code it gets.
    init(explaining error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as StoreError: self.init(Self.code(error), Self.inStyle(error.message))
        case let error as CoordinatorError:
            self.init(Self.code(error.cause), error.message)
        case let error as PostgresError where error.code == .configuration:
            self.init(.configuration, error.message)
        case let error as PostgresError:
            self.init(error.isRetriable ? .unavailable : .incomplete, error.summary)
        case let error as ModelError:
            self.init(error.isRetriable ? .unavailable : .configuration, error.message)
        case let error as WorkerError:
            let permanent = error.code == .models ? Code.configuration : .incomplete
            self.init(error.isRetriable ? .unavailable : permanent, error.message)
        case let error as TransportError:
            self.init(Self.code(error), error.message)
        case is CancellationError: self.init(.interrupted, "interrupted")
        default: self.init(.incomplete, "\(error)")
        }
    }

    /// A sentence as the messages of commands are: it goes on behind `error:`, and names stand
    /// between single quotes.
    private static func inStyle(_ message: String) -> String {
        let first = message.prefix { $0.isLetter }
        // `PostgreSQL` and its like keep their capitals.
        let isWord = first.dropFirst().allSatisfy(\.isLowercase)
        let text = message.replacing("\"", with: "'")
        return isWord && first != "Ogive" ? text.prefix(1).lowercased() + text.dropFirst() : text
    }

    private static func code(_ error: TransportError) -> Code {
        switch error.code {
        case .invalidEndpoint, .insecureEndpoint, .key: .configuration
        case .unguarded: .incomplete
        case .addressInUse, .permissionDenied, .closed, .socket: .unavailable
        }
    }

    private static func code(_ error: StoreError) -> Code {
        switch error.code {
        case .unavailable, .unknownOutcome, .exhausted: .unavailable
        case .schema: .configuration
        case .staleTerm, .conflict, .refused: .incomplete
        }
    }
}
