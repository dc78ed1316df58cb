internal import FoundationEssentials
import Glibc
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
        var temporaryKey: PublicKey?
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
        state.withLock { $0.temporaryKey == key ? "self-test" : $0.names[key] }
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
            guard stamp != state.withLock({ $0.stamp }) else { return note(nil) }
            let names = try folder.names()
            let former = state.withLock { state in
                defer { (state.names, state.stamp) = (names, stamp) }
                return state.names
            }
            note(nil)
            for (key, name) in names where former[key] == nil {
                logger.notice("key authorised", metadata: ["name": "\(name)", "key": "\(key)"])
            }
            for (key, name) in former where names[key] == nil {
                logger.notice("key revoked", metadata: ["name": "\(name)", "key": "\(key)"])
            }
        } catch {
            note(error.message)
        }
    }

    /// Lets one more key in while `body` runs.
    func withTemporaryKey<R: Sendable>(
        _ key: PublicKey, _ body: () async throws(TransportError) -> R
    ) async throws(TransportError) -> R {
        state.withLock { $0.temporaryKey = key }
        defer { state.withLock { $0.temporaryKey = nil } }
        return try await body()
    }

    /// Logs a failure once, not each time that it is met.
    private func note(_ failure: String?) {
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

/// A folder of authorised keys: `NAME.pub` each; other files and hidden ones say nothing.
package struct KeyFolder: Sendable {
    /// The most keys of a folder.
    package static let keysMax = 10_000

    /// Tells two contents of a folder apart without reading the files.
    typealias Stamp = [String: FileStatus]

    /// The folder.
    package let path: String

    /// Names a folder.
    package init(_ path: String) {
        self.path = path
    }

    /// The keys with their names; throws `key` for a broken file, or a key under two names.
    package func names() throws(TransportError) -> [PublicKey: String] {
        var names: [PublicKey: String] = [:]
        for file in try files() {
            let name = KeyFile.name(of: file)
            let key = try KeyFile.publicKey("\(path)/\(file)")
            if let other = names.updateValue(name, forKey: key) {
                throw TransportError(
                    .key, "\(path) holds one key under two names, \(other) and \(name): remove one")
            }
        }
        return names
    }

    /// Adds a key, and makes the folder when it is missing; throws `key` when the key or the name
    /// is there already.
    package func authorize(_ key: PublicKey, name: String) throws(TransportError) {
        guard KeyFile.isName(name) else {
            throw TransportError(
                .key, "`\(name)` cannot name a key: use up to 64 letters, digits, `.`, `_`, `-`")
        }
        try make()
        if let other = try names()[key] {
            throw TransportError(.key, "that key is authorised already, as \(other)")
        }
        let file = "\(path)/\(name)\(KeyFile.publicEnding)"
        guard FileStatus(path: file) == nil else {
            throw TransportError(
                .key, "another key is authorised as \(name): revoke it first, or give `--name`")
        }
        // Hidden until it is whole: whoever reads the folder meanwhile finds no half of it.
        let draft = "\(path)/.\(name).\(getpid())"
        try SmallFile.create(draft, KeyFile.text(key, name: name), mode: 0o644)
        // Sound, both: terminated paths; nothing is kept of them.
        defer { unsafe _ = unlink(draft) }
        guard unsafe link(draft, file) == 0 else { throw .file("cannot write", file) }
    }

    /// Removes a key, given by its name or its digits; gives its name.
    package func revoke(_ text: String) throws(TransportError) -> String {
        let file = "\(path)/\(text)\(KeyFile.publicEnding)"
        // By name also when another file is broken: revoking must not depend on others.
        if KeyFile.isName(text), FileStatus(path: file) != nil {
            try remove(file)
            return text
        }
        guard let key = PublicKey(text), let name = try names()[key] else {
            throw TransportError(
                .key, "no key `\(text)` is authorised in \(path): see `ogive keys list`")
        }
        try remove("\(path)/\(name)\(KeyFile.publicEnding)")
        return name
    }

    /// What tells this content of the folder from another.
    func stamp() throws(TransportError) -> Stamp {
        var stamp: Stamp = [:]
        for file in try files() { stamp[file] = FileStatus(path: "\(path)/\(file)") }
        return stamp
    }

    private func make() throws(TransportError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .file("cannot make the folder", path)
        }
    }

    private func remove(_ file: String) throws(TransportError) {
        // Sound: a terminated path; nothing is kept of it.
        guard unsafe unlink(file) == 0 else { throw .file("cannot remove", file) }
    }

    private func files() throws(TransportError) -> [String] {
        guard let all = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw TransportError(
                .key,
                "cannot read the folder of authorised keys \(path): make it"
                    + " (`mkdir -p \(path)`), and readable")
        }
        let files = all.filter { file in
            file.hasSuffix(KeyFile.publicEnding) && !file.hasPrefix(".")
        }
        guard files.count <= Self.keysMax else {
            throw TransportError(
                .key, "\(path) holds \(files.count) keys, and \(Self.keysMax) are the most")
        }
        return files.sorted()
    }
}
