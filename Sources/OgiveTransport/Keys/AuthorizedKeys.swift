package import Logging
internal import Synchronization

/// The workers' keys that a coordinator lets in, by name: a snapshot of a folder of `NAME.pub`
/// files, replaced as a whole when the folder changes.
///
/// A folder that cannot be read as a whole changes nothing: the former snapshot stays in force, and
/// the log says why.
package final class AuthorizedKeys: Sendable {
    private struct State {
        var names: [PublicKey: String]
        var stamp: KeyFolder.Stamp
        var failure: String?
        var failures = 0
        /// The key of the coordinator's own test, while it goes on.
        var guest: PublicKey?
    }

    private let folder: KeyFolder
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the folder; throws `key` when it cannot be read, or holds a broken file.
    package init(folder path: String, logger: Logger) throws(TransportError) {
        folder = KeyFolder(path)
        self.logger = logger
        let stamp = try folder.stamp()
        let names = try folder.names()
        state = Mutex(State(names: names, stamp: stamp))
        if names.isEmpty {
            logger.warning(
                "no worker is authorised: `ogive keys authorize` lets one in",
                metadata: ["folder": "\(path)"])
        }
    }

    /// The name under which a key is authorised; `nil` refuses it.
    package func name(of key: PublicKey) -> String? {
        state.withLock { $0.guest == key ? "self-test" : $0.names[key] }
    }

    /// How many readings of a changed folder failed.
    package var failures: Int { state.withLock { $0.failures } }

    /// Looks whether the folder changed, again and again, until the task is cancelled.
    func watch(every period: Duration) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: period)
            } catch {
                return
            }
            reload()
        }
    }

    /// Takes the folder in when it changed.
    func reload() {
        do throws(TransportError) {
            // The stamp first: what changes while the files are read is found the next time.
            let stamp = try folder.stamp()
            guard stamp != state.withLock({ $0.stamp }) else { return settle(nil) }
            let names = try folder.names()
            let former = state.withLock { state in
                defer { (state.names, state.stamp) = (names, stamp) }
                return state.names
            }
            settle(nil)
            for (key, name) in names where former[key] == nil {
                logger.notice("key authorised", metadata: ["name": "\(name)", "key": "\(key)"])
            }
            for (key, name) in former where names[key] == nil {
                logger.notice("key revoked", metadata: ["name": "\(name)", "key": "\(key)"])
            }
        } catch {
            settle(error.message)
        }
    }

    /// Lets one more key in while `body` runs.
    func withGuest<R: Sendable>(
        _ key: PublicKey, _ body: () async throws(TransportError) -> R
    ) async throws(TransportError) -> R {
        state.withLock { $0.guest = key }
        defer { state.withLock { $0.guest = nil } }
        return try await body()
    }

    /// Logs a failure once, not each time that it is met.
    private func settle(_ failure: String?) {
        let isNew = state.withLock { state in
            defer { state.failure = failure }
            guard let failure, failure != state.failure else { return false }
            state.failures += 1
            return true
        }
        guard isNew, let failure else { return }
        logger.error(
            "the authorised keys stay as they were, because they cannot be read: \(failure)")
    }
}
