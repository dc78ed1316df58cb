package import OgiveCore

/// One check, with the time that it may take.
package struct Check: Sendable {
    let code: FindingCode
    let place: String
    let limit: Duration
    let body: @Sendable () async throws -> [Finding]

    /// Names a check.
    package init(
        _ code: FindingCode, at place: String, within limit: Duration = .seconds(20),
        _ body: @escaping @Sendable () async throws -> [Finding]
    ) {
        self.code = code
        self.place = place
        self.limit = limit
        self.body = body
    }

    /// Runs it in what is left of the time of all. Fails when the server is lost meanwhile.
    package func run(_ shared: SharedTime) async -> Result<[Finding], ModelError> {
        let left = shared.left
        guard left > .zero else { return .success([shared.notChecked(code, at: place)]) }
        return await run(shared.time, within: min(limit, left))
    }

    /// Runs it. One that is not done in time is given up and says so: nothing was concluded then.
    package func run(
        _ time: TimeSource, within bound: Duration? = nil
    ) async -> Result<[Finding], ModelError> {
        let limit = bound ?? limit
        return await withTaskGroup(of: Result<[Finding], ModelError>?.self) { group in
            group.addTask {
                do {
                    return .success(try await body())
                } catch {
                    if let error = error as? ModelError, error.isServerGone {
                        return .failure(error)
                    }
                    return .success([
                        Finding(.warning, code, at: place, "could not be checked: \(error)")
                    ])
                }
            }
            group.addTask {
                // Cancelled when the check was faster.
                try? await time.sleep(limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
                ?? .success([
                    Finding(
                        .note, code, at: place,
                        "not concluded: the check was given up after \(limit)")
                ])
        }
    }
}
