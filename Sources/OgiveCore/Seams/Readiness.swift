internal import Synchronization

/// Whether a process can do its work, check by check, as its page `/readyz` says.
package final class Readiness: Sendable {
    /// One thing that has to be so.
    package struct Check: Hashable, Sendable {
        /// What is looked at, in a word.
        package let name: String
        /// Whether it is so.
        package let isReady: Bool
        /// How it stands, for people.
        package let state: String
    }

    private let checks: Mutex<[Check]>

    /// Begins with checks of which nothing is known yet: they are not ready.
    package init(of names: [String] = []) {
        checks = Mutex(names.map { Check(name: $0, isReady: false, state: "not known yet") })
    }

    /// Takes note of how a check stands now.
    package func note(_ name: String, isReady: Bool, _ state: String) {
        let check = Check(name: name, isReady: isReady, state: state)
        checks.withLock { checks in
            if let place = checks.firstIndex(where: { $0.name == name }) {
                checks[place] = check
            } else {
                checks.append(check)
            }
        }
    }

    /// All checks, in the order in which they were named.
    package var all: [Check] { checks.withLock { $0 } }

    /// Whether every check is so.
    package var isReady: Bool { all.allSatisfy(\.isReady) }
}
