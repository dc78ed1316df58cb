internal import FoundationEssentials

/// When a worker's machine is taken away, as people and Slurm say it.
enum WorkerEndTime {
    /// Slurm's variable: seconds since 1970.
    static let variable = "SLURM_JOB_END_TIME"

    /// How long the worker has, from now: as the option says, else the configuration, else Slurm.
    /// The wall clock is read here, once; `nil` when nobody says.
    static func remaining(
        option: String?, setting: String?, environment: [String: String], now: Date = Date()
    ) throws(CommandError) -> Duration? {
        if let option {
            guard let date = date(option) else {
                throw CommandError(
                    .configuration,
                    "--end-time must be a date and time like 2026-11-30T18:00:00Z, not '\(option)'")
            }
            return duration(to: date, from: now)
        }
        if let date = setting.flatMap(date) { return duration(to: date, from: now) }
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let seconds = Int64(text), seconds > 0 else {
            throw CommandError(
                .configuration,
                "\(variable) must be seconds since 1970, not '\(text)': unset it or use --end-time")
        }
        return duration(to: Date(timeIntervalSince1970: Double(seconds)), from: now)
    }

    /// Reads a date and time of RFC 3339.
    static func date(_ text: String) -> Date? {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    private static func duration(to date: Date, from now: Date) -> Duration {
        .seconds(max(0, min(date.timeIntervalSince(now), 1e9)))
    }
}
