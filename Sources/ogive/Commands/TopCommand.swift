internal import ArgumentParser
internal import Glibc
internal import OgiveCore
internal import OgiveStore
internal import UnixSignals

/// `ogive top`: open runs and the workers on them, refreshed in place.
struct TopCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch the open runs and the workers: rates, what waits, who is idle.",
        discussion: """
            All of it comes from the database, so it works wherever `ogive status` does.
            On a terminal the picture is refreshed in place until ^C; otherwise it is
            printed once, unless you give --interval. Rates of runs are those since the
            picture before; rates and shares of workers are of the last half minute.
            WAITS FOR says what most of a worker's slots wait for, or why it is idle.

            Examples:
              ogive top --config mine.yaml
              ogive top --once
              ogive top --json --interval 10s | jq -c '.workers[] | {name, busy_share}'
            """)

    @Option(
        help: ArgumentHelp(
            "Time between two pictures, for example 500ms or 10s (default: 2s).",
            valueName: "duration"))
    var interval: String?

    @Flag(help: "Print one picture and end.")
    var once = false

    @Flag(help: "Print a JSON object for each picture.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    /// The least time between two pictures: each asks the database.
    private static let intervalMin = Duration.milliseconds(100)

    func validate() throws {
        guard let interval else { return }
        guard let period = DurationText.parse(interval), period >= Self.intervalMin else {
            throw ValidationError(
                "--interval takes a duration of 100ms or more, such as 2s, not '\(interval)'")
        }
    }

    func run() async throws {
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        let repeats = !once && (interval != nil || style.isTerminal && !json)
        let watch = TopWatch(
            period: interval.flatMap(DurationText.parse) ?? .seconds(2), repeats: repeats,
            json: json)
        try await DatabaseSession.withStore(try file.load()) { store, _ in
            try await watch.run(store)
        }
    }
}

/// Shows pictures of a database until it is told to stop.
struct TopWatch: Sendable {
    /// Time between two pictures.
    let period: Duration
    /// Whether there is more than one.
    let repeats: Bool
    /// Whether they are JSON.
    let json: Bool

    /// Most open runs that are looked at.
    private static let runsMax = 64

    /// Shows them. Returns at the end, at an interrupt, and when nobody reads the output any more.
    func run(_ store: PostgresStore) async throws {
        let watch = self
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
            group.addTask { try await watch.show(store) }
            defer { group.cancelAll() }
            try await group.next()
        }
        // The cursor stands at the top of the picture.
        if repeats, !json, isatty(STDOUT_FILENO) == 1 {
            Output.show(drawn: TerminalStyle.clear, on: STDOUT_FILENO)
        }
    }

    private func show(_ store: PostgresStore) async throws {
        let begun = ContinuousClock.now
        var picture = TopPicture()
        try await look(store, &picture, since: begun)
        // A rate needs two looks.
        if !repeats, picture.runs.contains(where: { !$0.status.isClosed }) {
            try await Task.sleep(for: period)
            try await look(store, &picture, since: begun)
        }
        while true {
            let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
            guard draw(picture, style) else { return }
            if !repeats { return }
            let asked = ContinuousClock.now
            try await Task.sleep(for: period)
            do throws(StoreError) {
                try await look(store, &picture, since: begun)
                picture.trouble = nil
            } catch {
                guard error.isRetriable else { throw error }
                picture.trouble = error.message
            }
            // Where the answer takes long the database is asked more rarely.
            let took = ContinuousClock.now - asked - period
            if took > period { try await Task.sleep(for: took) }
        }
    }

    private func look(
        _ store: PostgresStore, _ picture: inout TopPicture, since begun: ContinuousClock.Instant
    ) async throws(StoreError) {
        let open = try await store.openStatus(most: Self.runsMax)
        let (coordinator, workers) = (try await store.coordinator(), try await store.workers())
        picture.take(open, coordinator, workers, at: ContinuousClock.now - begun)
    }

    /// Whether somebody still reads.
    private func draw(_ picture: TopPicture, _ style: TerminalStyle) -> Bool {
        let text: String
        if json {
            text = Printable.line(picture.json.json) + "\n"
        } else if style.isTerminal, repeats {
            text = style.clearing + style.parked(picture.lines(style, rows: style.height - 1))
        } else {
            text = picture.lines(style, rows: nil).map { $0 + "\n" }.joined()
        }
        return Output.isWritten(text, to: STDOUT_FILENO)
    }
}
