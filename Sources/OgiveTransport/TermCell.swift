internal import OgiveCore
internal import Synchronization

/// The term that a side last heard of or told, shared by its sender and its receiver.
final class TermCell: Sendable {
    private let state = Mutex(Term(0))

    var value: Term {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
