/// What was waited for did not come.
package struct TimedOut: Error, CustomStringConvertible {
    /// What was waited for, and for how long.
    package let description: String

    /// Says what was waited for.
    package init(description: String) {
        self.description = description
    }
}

/// Waits until `condition` holds, by looking again and again; other tasks run in between. Throws
/// `TimedOut` after `limit`, with what `detail` says then. The limit is for what never comes: a
/// shorter one would measure the machine.
package func eventually(
    _ what: String, within limit: Duration = .seconds(300), detail: () -> String = { "" },
    _ condition: () async throws -> Bool
) async throws {
    // Short at first, for what is a matter of microseconds.
    var pause = Duration.microseconds(200)
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw TimedOut(description: "waited \(limit) for: \(what)\n\(detail())")
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(20))
    }
}
