internal import DedicatedThread

/// Reads what a person types, on a thread of its own: reading a terminal blocks.
actor TerminalLine {
    private let executor: DedicatedThreadExecutor

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Starts the thread.
    init() throws(DedicatedThreadError) {
        executor = try DedicatedThreadExecutor(name: "terminal")
    }

    /// The next line of standard input without its end; `nil` when it has ended.
    func read() -> String? { readLine() }
}
