internal import OgiveCore

/// Reads of the database that all share who ask for the same at the same time: the first one reads,
/// the others wait for what it finds. It belongs to one actor.
final class SharedReads<Key: Hashable, Value: Sendable> {
    /// Those who wait for a read that goes on; none where it is not in the list.
    private var waiting: [Key: [CheckedContinuation<Result<Value, StoreError>?, Never>]] = [:]

    /// How many wait for what somebody else reads.
    var waiters: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// What `read` gives, or what somebody's read gives that began before and still goes on. Throws
    /// what that throws.
    func value(
        _ key: Key, _ read: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        while waiting[key] != nil {
            let found = await withCheckedContinuation { waiting[key]?.append($0) }
            // None: who read was cancelled, so one of those who wait reads.
            if let found { return try found.get() }
        }
        waiting[key] = []
        let result: Result<Value, StoreError>
        do throws(StoreError) {
            result = .success(try await read())
        } catch {
            result = .failure(error)
        }
        var shared: Result<Value, StoreError>? = result
        if case .failure = result, Task.isCancelled { shared = nil }
        for waiter in waiting.removeValue(forKey: key) ?? [] { waiter.resume(returning: shared) }
        return try result.get()
    }
}
