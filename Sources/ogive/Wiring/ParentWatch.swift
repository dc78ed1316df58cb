internal import Glibc
internal import OgiveModels

/// Notices the end of the process that started this one: its end of standard input closes.
enum ParentWatch {
    /// How often standard input is looked at.
    private static let period = Duration.milliseconds(100)

    /// Returns when standard input is closed by its other end, or the task is cancelled.
    static func waitForEnd() async {
        while !Lifeline.isClosed(STDIN_FILENO) {
            do {
                try await Task.sleep(for: period)
            } catch {
                return
            }
        }
    }
}
