internal import DedicatedThread
internal import Synchronization

/// The wish to cancel one statement. A wake-up for an earlier statement leaves it unset.
final class CancellationFlag: Sendable {
    private let wanted = Atomic<Bool>(false)
    private let wake: WakeDescriptor

    init(_ wake: WakeDescriptor) {
        self.wake = wake
    }

    /// Whether cancellation was asked for.
    var isSet: Bool { wanted.load(ordering: .acquiring) }

    /// Asks for cancellation; callable from any thread.
    func set() {
        wanted.store(true, ordering: .releasing)
        wake.signal()
    }
}
