/// How a local model server is started.
package struct ModelServerSpec: Hashable, Sendable {
    /// Program and arguments; `{port}` is replaced by the server's port, `{threads}` by `threads`.
    package var argv: [String]
    /// The server's share of the cores that this process may use.
    package var threads = UsableCores.count
    /// Environment variables besides those of this process, with the same replacements.
    package var environment: [String: String] = [:]
    /// The folder that it runs in; `nil` is the current one.
    package var workingDirectory: String?
    /// The page that answers 200 when the server is ready.
    package var healthPath = "/health"
    /// Longest time from the start to being healthy.
    package var startTimeout = Duration.seconds(300)
    /// Time from SIGTERM to SIGKILL.
    package var grace = Duration.seconds(10)
    /// Where its output goes (appended); `nil` is a temporary file that nobody else sees.
    package var logFile: String?
    /// Most restarts after it was healthy once.
    package var restartsMax = 5

    /// Names a command.
    package init(argv: [String]) {
        self.argv = argv
    }
}
