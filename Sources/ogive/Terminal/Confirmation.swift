internal import DedicatedThread
internal import Glibc

/// Asks a person before data is lost.
enum Confirmation {
    /// Throws unless a person types `word`; `action` says what `--yes` would do without asking.
    static func require(_ what: String, _ word: String, or action: String) async throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandError(
                .configuration, "there is no terminal to ask on: give --yes to \(action)")
        }
        Output.show(text: "type \(what) to go on: ", on: STDERR_FILENO)
        let answer = try await BlockingCall.run("terminal") { readLine() }
        guard answer == word else {
            throw CommandError(.interrupted, "not confirmed: nothing was removed")
        }
    }
}
