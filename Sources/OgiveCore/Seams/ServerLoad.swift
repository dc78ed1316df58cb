/// How busy a model server says it is.
package struct ServerLoad: Hashable, Sendable {
    /// Sequences that it works on.
    package var running: Int
    /// Requests or sequences that wait in its own queue.
    package var waiting: Int

    /// Joins both.
    package init(running: Int, waiting: Int) {
        self.running = running
        self.waiting = waiting
    }
}
