internal import Subprocess

/// A call of one of Slurm's commands, found in PATH.
struct SlurmCall {
    private let program: String
    private let arguments: [String]

    /// The most bytes that a command may print: a line a job.
    private static let outputBytesMax = 4 << 20

    /// Names a command and its arguments.
    init(_ program: String, _ arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    /// Runs it and answers with what it printed. Throws `.unavailable` when it is not there, or
    /// fails.
    func output() async throws(CommandError) -> String {
        let (isSuccess, printed, errors): (Bool, String?, String?)
        do {
            let result = try await Subprocess.run(
                .name(program), arguments: .init(arguments),
                output: .string(limit: Self.outputBytesMax), error: .string(limit: 1 << 16))
            isSuccess = result.terminationStatus.isSuccess
            (printed, errors) = (result.standardOutput, result.standardError)
        } catch {
            throw CommandError(
                .unavailable,
                "\(program) cannot be run: is this a machine of the Slurm cluster, with Slurm's "
                    + "commands in PATH?", cause: "\(error)")
        }
        guard isSuccess else {
            let lines = (errors ?? "").split(whereSeparator: \.isNewline)
            throw CommandError(
                .unavailable,
                "\(program) failed: \(lines.last.map(String.init) ?? "it says nothing")")
        }
        return printed ?? ""
    }
}
