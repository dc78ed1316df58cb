/// What was waited for did not come.
package struct TimedOut: Error, CustomStringConvertible {
    package let description: String

    /// Says what was waited for.
    package init(description: String) {
        self.description = description
    }
}

/// Waits until `condition` holds, by looking again and again. Throws `TimedOut` after `limit`,
/// with what `detail` says then.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), detail: () -> String = { "" },
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw TimedOut(description: "waited \(limit) for: \(what)\n\(detail())")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
