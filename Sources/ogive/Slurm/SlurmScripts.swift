internal import FoundationEssentials
internal import OgiveCore

/// The scripts of a run on a cluster, as text that a person can read, copy and change.
struct SlurmScripts {
    /// The section `slurm`.
    let settings: SlurmSettings
    /// The run's name.
    let run: String
    /// The program on the cluster's machines.
    let program: String
    /// The configuration with its overrides, as arguments; its path is absolute.
    let arguments: [String]
    /// Whether the configuration has keys of its own for coordinator and workers.
    let hasKeys: Bool
    /// Whether the configuration says where the coordinator listens.
    let hasListen: Bool
    /// The file with the coordinator's address.
    let addressFile: String
    /// Where workers connect to, when the configuration says so itself.
    let hasConnect: Bool

    /// Reads a configuration. Throws `.configuration` when it has no run.
    init(_ configuration: Configuration, _ file: ConfigurationFile) throws(CommandError) {
        settings = configuration.slurm
        run = try configuration.runName(nil)
        program = settings.program ?? Executable.path
        var file = file
        file.path = URL(filePath: file.path).standardizedFileURL.path(percentEncoded: false)
        arguments = file.arguments
        hasKeys = configuration.coordinator.key != nil || configuration.worker.key != nil
        hasListen = configuration.coordinator.isListenGiven
        addressFile = configuration.coordinator.addressFile ?? "\(settings.folder)/address"
        hasConnect = configuration.worker.connect != nil
    }

    /// The name of the jobs of this run, by what they do.
    func jobName(_ role: Role) -> String {
        let plain = run.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return "ogive-\(String(plain))-\(role.rawValue)"
    }

    /// What a job does.
    enum Role: String, CaseIterable {
        /// Serves the run, with its database.
        case coordinator
        /// Samples and scores.
        case worker
        /// Both, on all nodes of one job.
        case allocation
    }

    /// Where a script is kept.
    func path(_ role: Role) -> String { "\(settings.folder)/\(role.rawValue).sbatch" }

    /// Where the keys are that `ogive slurm` makes.
    var keyFolder: String { "\(settings.folder)/keys" }

    /// The script of a role. `nodes`: those of an allocation.
    func text(_ role: Role, nodes: Int = 1) -> String {
        switch role {
        case .coordinator: lines(coordinatorHead + body(coordinator))
        case .worker: lines(workerHead + body(worker))
        case .allocation: lines(allocationHead(nodes) + body(allocation(nodes)))
        }
    }

    private func lines(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

    // MARK: - Directives

    private func head(_ role: Role, _ remark: String, log: String) -> [String] {
        let seconds = settings.notice.components.seconds
        return [
            "#!/bin/bash", "# \(remark)", "# Written by `ogive slurm`; you may copy and change it.",
            "#SBATCH --job-name=\(jobName(role))",
            "#SBATCH --output=\(settings.folder)/log/\(log).log", "#SBATCH --open-mode=append",
            "#SBATCH --time=\(Self.time(settings.time))",
            "# Ogive drains at USR1. B: only the process of this script hears it.",
            "#SBATCH --signal=B:USR1@\(seconds)",
            "# Preempted, a job begins again; what had landed stays.", "#SBATCH --requeue",
        ] + (settings.account.map { ["#SBATCH --account=\($0)"] } ?? [])
    }

    private var coordinatorHead: [String] {
        let partition = settings.coordinatorPartition ?? settings.partition
        return head(.coordinator, "The coordinator of the run '\(shownRun)'.", log: "%x-%j")
            + (partition.map { ["#SBATCH --partition=\($0)"] } ?? [])
    }

    private var workerHead: [String] {
        head(.worker, "Workers of the run '\(shownRun)', an array of jobs.", log: "%x-%A_%a")
            + resources
    }

    private func allocationHead(_ nodes: Int) -> [String] {
        head(.allocation, "The run '\(shownRun)' in one job.", log: "%x-%j")
            + ["#SBATCH --nodes=\(nodes)", "#SBATCH --ntasks-per-node=1"] + resources
    }

    /// What a node with a worker needs.
    private var resources: [String] {
        var lines: [String] = []
        if let partition = settings.partition { lines.append("--partition=\(partition)") }
        if settings.gpus > 0 { lines.append("--gres=gpu:\(settings.gpus)") }
        if let cpus = settings.cpus { lines.append("--cpus-per-task=\(cpus)") }
        if let memory = settings.memory { lines.append("--mem=\(memory)") }
        return (lines + settings.directives).map { "#SBATCH \($0)" }
    }

    /// A remark is one line.
    private var shownRun: String { String(run.map { $0.isNewline ? " " : $0 }) }

    /// A time limit as Slurm reads it: days-hours:minutes:seconds.
    static func time(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        let parts = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map {
            $0 < 10 ? "0\($0)" : "\($0)"
        }
        return "\(seconds / 86_400)-\(parts.joined(separator: ":"))"
    }

    // MARK: - Commands

    private func body(_ lines: [String]) -> [String] { ["", "set -u"] + settings.setup + lines }

    private var coordinator: [String] {
        let seconds = settings.scaleInterval.components.seconds
        let scale = command("slurm", ["--scale"] + arguments)
        return [
            "# As many workers as there is work for. The pipe ends with this job's program,",
            "# however that ends, and the loop with the pipe.",
            "exec {lifeline}> >(", "    until read -r -t \(seconds) || [ $? -le 128 ]; do",
            "        \(scale) </dev/null", "    done", ")",
            "# exec: Slurm's signals reach Ogive, and not a shell that would wait for its end.",
            "exec \(command("run", ["--no-workers"] + arguments + coordinatorOptions))",
        ]
    }

    private var worker: [String] {
        ["# exec: as in the coordinator's script.", "exec \(contained(workerCommand))"]
    }

    private func allocation(_ nodes: Int) -> [String] {
        let others =
            nodes < 2
            ? []
            : [
                "# Workers on the other nodes; they end with this job.",
                "srun --overlap --relative=1 --nodes=\(nodes - 1) --ntasks=\(nodes - 1) \\",
                "    \(contained(workerCommand)) &",
            ]
        return others + [
            "# exec: Slurm's signals reach Ogive, and not a shell that would wait for its end.",
            "exec "
                + contained(
                    command("run", arguments + coordinatorOptions + connectOptions + keyOptions)),
        ]
    }

    private var workerCommand: String {
        let options =
            ["-o", "worker.idle_timeout=\(DurationText.format(settings.idle))"]
            + connectOptions + keyOptions
        // The shell tells the host and the job.
        return command("worker", arguments + options)
            + #" -o "worker.name=$(hostname):${SLURM_JOB_ID:-}""#
    }

    private var coordinatorOptions: [String] {
        let keys =
            hasKeys
            ? []
            : [
                "-o", "coordinator.key=\(keyFolder)/coordinator.key",
                "-o", "coordinator.authorized_keys=\(keyFolder)/authorized",
            ]
        return (hasListen ? [] : ["-o", "coordinator.listen=tcp://*:*"])
            + ["-o", "coordinator.address_file=\(addressFile)"] + keys
    }

    /// The file tells the address and the coordinator's key.
    private var connectOptions: [String] {
        hasConnect ? [] : ["-o", "worker.connect=file:\(addressFile)"]
    }

    private var keyOptions: [String] {
        hasKeys ? [] : ["-o", "worker.key=\(keyFolder)/worker.key"]
    }

    private func contained(_ command: String) -> String {
        settings.container.isEmpty ? command : "\(settings.container) \(command)"
    }

    private func command(_ name: String, _ arguments: [String]) -> String {
        ([program, name] + arguments).map(ConfigurationFile.quoted).joined(separator: " ")
    }
}
