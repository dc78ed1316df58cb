/// The job of Slurm that this process is part of.
struct SlurmJob: Hashable, Sendable {
    /// Its name for Slurm's commands: the number, or `NUMBER_INDEX` for one of an array, which the
    /// number alone would not tell from the others.
    let name: String

    /// Reads Slurm's variables; `nil` outside of a job.
    init?(environment: [String: String]) {
        func number(_ key: String) -> String? {
            environment[key].flatMap { Int64($0) }.map { "\($0)" }
        }
        guard let id = number("SLURM_JOB_ID") else { return nil }
        if let array = number("SLURM_ARRAY_JOB_ID"), let index = number("SLURM_ARRAY_TASK_ID") {
            name = "\(array)_\(index)"
        } else {
            name = id
        }
    }

    /// How long the job may still run; `nil` for one without a limit. Throws `.unavailable` when
    /// `squeue` is not there, fails, or says something else.
    func timeLeft() async throws(CommandError) -> Duration? {
        let arguments = ["--noheader", "--jobs", name, "--format", "%L"]
        return try Self.timeLeft(of: try await SlurmCall("squeue", arguments).output())
    }

    /// Reads what `squeue --format %L` prints: `1-02:03:04`, `02:03:04`, `03:04` or a word.
    static func timeLeft(of text: String) throws(CommandError) -> Duration? {
        let word = text.split(whereSeparator: \.isWhitespace).first ?? ""
        if word == "UNLIMITED" { return nil }
        let days = word.split(separator: "-", omittingEmptySubsequences: false)
        let clock = (days.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let numbers = (days.dropLast() + clock).compactMap { Int64($0) }
            .filter { (0..<1_000_000).contains($0) }
        guard clock.count == 3 && days.count <= 2 || clock.count == 2 && days.count == 1,
            numbers.count == days.count - 1 + clock.count
        else {
            throw CommandError(
                .unavailable, "squeue does not say how long the job may run: '\(word.prefix(60))'")
        }
        let all = Array(repeating: 0, count: 4 - numbers.count) + numbers
        return .seconds(((all[0] * 24 + all[1]) * 60 + all[2]) * 60 + all[3])
    }
}
