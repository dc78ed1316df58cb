internal import OgiveCore
internal import OgiveStore

/// What `ogive top` shows at one moment.
struct TopPicture: Sendable {
    /// An open run.
    struct Run: Sendable {
        /// How far it is.
        var status: RunStatus
        /// What it did since the picture before.
        var rates: RateEstimator
    }

    /// Most endpoints that are listed: a worker may report any number.
    private static let endpointsMax = 100

    /// Open runs, in the order in which they were submitted.
    private(set) var runs: [Run] = []
    /// Workers that are there, the fastest first.
    private(set) var workers: [WorkerStatus] = []
    /// Why the database does not answer.
    var trouble: String?
    private var coordinator: CoordinatorStatus?

    /// Nothing yet.
    init() {}

    /// Takes what is known at `time` since the start.
    mutating func take(
        _ open: [RunStatus], _ coordinator: CoordinatorStatus, _ all: [WorkerStatus],
        at time: Duration
    ) {
        let former = Dictionary(
            runs.map { ($0.status.run, $0.rates) }, uniquingKeysWith: { first, _ in first })
        runs = open.map { status in
            var rates = former[status.run] ?? RateEstimator()
            rates.add(RunMonitor.snapshot(status), at: time)
            return Run(status: status, rates: rates)
        }
        self.coordinator = coordinator
        workers = all.filter { $0.state != "left" && $0.state != "lost" }.sorted { left, right in
            let rates = (left.load.drawsPerSecond ?? -1, right.load.drawsPerSecond ?? -1)
            return rates.0 == rates.1 ? left.name < right.name : rates.0 > rates.1
        }
    }

    /// For a script.
    var json: ExactJSON {
        .output([
            "runs": .array(runs.map(\.json)),
            "coordinator": coordinator?.json ?? .null, "workers": .array(workers.map(\.json)),
        ])
    }

    /// For a person: at most `rows` lines, each of which fits the terminal; `nil` shows all.
    func lines(_ style: TerminalStyle, rows: Int?) -> [String] {
        let width = style.isTerminal ? style.width - 1 : .max
        var lines = [headline] + (trouble.map { ["the database does not answer: \($0)"] } ?? [])
        lines += [""] + runLines(width)
        if !workers.isEmpty { lines += [""] + workerLines(width) }
        let endpoints = endpointLines(width)
        if !endpoints.isEmpty { lines += [""] + endpoints }
        lines = lines.map {
            TextWidth.cut(style.shown(Printable.line($0)), to: width, mark: style.shown("…"))
        }
        guard let rows, lines.count > rows else { return lines }
        // One row has no place for what is missing.
        guard rows > 1 else { return Array(lines.prefix(1)) }
        let left = lines.count - rows + 1
        let more = "(\(left) lines more: a taller window, or --json)"
        return lines.prefix(rows - 1) + [
            TextWidth.cut(more, to: width, mark: style.shown("…"))
        ]
    }

    private var headline: String {
        let count = "\(NumberText.count(workers.count, "worker"))"
        guard let coordinator, coordinator.leads else {
            return "no coordinator leads · \(count)"
        }
        let rate = workers.reduce(0) { $0 + ($1.load.drawsPerSecond ?? 0) }
        let time = workers.reduce(SlotTime()) { $0 + $1.load.waits }
        let busy = time.busyShare().map { " · slots \(SlotTime.percent($0)) busy" } ?? ""
        return "\(coordinator.name ?? "?") leads (term \(coordinator.term)) · \(count)"
            + (workers.isEmpty ? "" : " · \(NumberText.rate(rate)) draws/s\(busy)")
    }

    private func runLines(_ width: Int) -> [String] {
        guard !runs.isEmpty else { return ["no run is open"] }
        var table = TextTable(
            ["RUN", "DONE", "DRAWS", "DRAWS/S", "TOKENS/S", "ETA", "FAILED", "COST"],
            [.left, .right, .right, .right, .right, .right, .right, .right])
        for run in runs {
            let snapshot = RunMonitor.snapshot(run.status)
            let remaining = run.rates.remaining.map(NumberText.time)
            table.add([
                TextWidth.cut(Printable.line(run.status.run), to: width == .max ? .max : 18),
                "\(Int(snapshot.fraction * 100))%",
                "\(NumberText.count(snapshot.done))/\(NumberText.count(snapshot.total))",
                run.rates.drawsPerSecond.map(NumberText.rate) ?? "",
                snapshot.tokens > 0 ? run.rates.tokensPerSecond.map(NumberText.rate) ?? "" : "",
                run.rates.isStalled ? "stalled" : remaining ?? "?",
                NumberText.count(snapshot.failures + snapshot.candidateFailures),
                snapshot.cost.map(NumberText.cost) ?? "",
            ])
        }
        return table.lines()
    }

    private func workerLines(_ width: Int) -> [String] {
        let isNarrow = width < 110
        let hasJobs = workers.contains { $0.load.job != nil }
        var table = TextTable(
            ["WORKER"] + (isNarrow ? [] : ["HOST"]) + (hasJobs ? ["JOB"] : [])
                + ["VERSION", "DRAWS/S", "TOKENS/S", "BUSY", "WAITS FOR"],
            Array(repeating: .left, count: 2 + (isNarrow ? 0 : 1) + (hasJobs ? 1 : 0))
                + [.right, .right, .right, .left])
        func cell(_ text: String, _ most: Int) -> String {
            TextWidth.cut(Printable.line(text), to: width == .max ? .max : most)
        }
        for worker in workers {
            let load = worker.load
            table.add(
                [cell(worker.name, isNarrow ? 20 : 32)]
                    + (isNarrow ? [] : [cell(load.host ?? "", 24)])
                    + (hasJobs ? [cell(load.job ?? "", 9)] : [])
                    + [
                        cell(load.version ?? "", 8),
                        load.drawsPerSecond.map(NumberText.rate) ?? "",
                        (load.tokens ?? 0) > 0
                            ? load.tokensPerSecond.map(NumberText.rate) ?? "" : "",
                        load.busyShare.map(SlotTime.percent) ?? "", worker.reason,
                    ])
        }
        return table.lines(width: width)
    }

    /// The servers, with how many workers use each of them, and those that get no requests.
    private func endpointLines(_ width: Int) -> [String] {
        var users: [String: Int] = [:]
        for worker in workers {
            for endpoint in Set(worker.load.endpoints) { users[endpoint, default: 0] += 1 }
        }
        var reasons: [String: String] = [:]
        for worker in workers {
            for outage in worker.unavailable {
                users[outage.endpoint] = users[outage.endpoint] ?? 1
                reasons[outage.endpoint] = "no requests since \(outage.since): \(outage.code)"
            }
        }
        if users.isEmpty { return [] }
        var table = TextTable(["WORKERS", "ENDPOINT", "STATE"], [.right, .left, .left])
        for (endpoint, count) in users.sorted(by: { $0.key < $1.key }).prefix(Self.endpointsMax) {
            let most = width == .max ? .max : max(20, width - 34)
            table.add([
                "\(count)", TextWidth.cut(Printable.line(endpoint), to: most),
                reasons[endpoint] ?? "in use",
            ])
        }
        let left = users.count - Self.endpointsMax
        if left > 0 { table.add(["", "… \(NumberText.count(left)) more: --json", ""]) }
        return table.lines(width: width)
    }
}

extension WorkerStatus {
    /// What most of its slots wait for, or why it has no work.
    fileprivate var reason: String {
        if let note { return note }
        if state == "draining" { return "draining" }
        let shares = SlotWait.Side.allCases.compactMap { side in
            load.waits.share(side).map { (side, $0) }
        }
        guard let most = shares.max(by: { $0.1 < $1.1 }), most.1 > 0 else { return "" }
        let name = most.0 == .nothing ? "no work" : most.0.rawValue
        return "\(name) \(SlotTime.percent(most.1))"
    }
}

extension TopPicture.Run {
    /// For a script: the status, with the rates since the picture before.
    fileprivate var json: ExactJSON {
        var fields = status.json.fields ?? [:]
        func number(_ value: Double?) -> ExactJSON {
            value.map { .number(NumberText.decimal($0, 3)) } ?? .null
        }
        fields["draws_per_second"] = number(rates.drawsPerSecond)
        fields["tokens_per_second"] = number(rates.tokensPerSecond)
        fields["eta_seconds"] = number(rates.remaining.map { $0 / .seconds(1) })
        fields["waits"] = rates.slotTime.waitsJSON
        return .object(fields)
    }
}
