/// How busy a model server says it is.
package struct ServerLoad: Hashable, Sendable {
    /// Sequences that it works on.
    package var running: Int
    /// Requests or sequences that wait in its own queue.
    package var waiting: Int
    /// Whether `waiting` counts a request of several sequences once, as llama.cpp does.
    package var queuesRequests = false

    /// Joins them.
    package init(running: Int, waiting: Int, queuesRequests: Bool = false) {
        self.running = running
        self.waiting = waiting
        self.queuesRequests = queuesRequests
    }
}
