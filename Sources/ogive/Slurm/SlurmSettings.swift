/// How `ogive slurm` places a run on a cluster: the section `slurm`.
struct SlurmSettings: Hashable, Sendable {
    /// Where the coordinator runs.
    enum Coordinator: String, Hashable, Sendable, CaseIterable {
        /// In a job.
        case job
        /// On the machine where `ogive slurm` is called.
        case here
        /// Somewhere: it is there already.
        case elsewhere
    }

    /// Where the coordinator runs.
    var coordinator: Coordinator
    /// Jobs of the coordinator, one after the other, while the run is not finished.
    var chain: Int
    /// Most worker jobs at once.
    var workersMax: Int
    /// Fewest worker jobs while something is pending.
    var workersMin: Int
    /// Pending draws that one more worker is worth.
    var drawsPerWorker: Int
    /// How often the coordinator's job looks whether there are as many workers as there should be.
    var scaleInterval: Duration
    /// The time limit of each job.
    var time: Duration
    /// How long before the limit a job is told to drain.
    var notice: Duration
    /// Idle time after which a worker gives its job back.
    var idle: Duration
    /// GPUs of each worker job.
    var gpus: Int
    /// Cores of each worker job; `nil`: the cluster's default.
    var cpus: Int?
    /// Memory of each worker job, as `sbatch --mem` takes it; `nil`: the cluster's default.
    var memory: String?
    /// Partition of the worker jobs; `nil`: the cluster's default.
    var partition: String?
    /// Partition of the coordinator's jobs; `nil`: that of the workers.
    var coordinatorPartition: String?
    /// Account; `nil`: the user's default.
    var account: String?
    /// More options of `sbatch` for each worker job.
    var directives: [String]
    /// Lines of shell before the program, in all jobs.
    var setup: [String]
    /// What stands before the program in worker jobs: the command of a container.
    var container: String
    /// The program on the cluster's machines; `nil`: this one.
    var program: String?
    /// The folder of scripts, logs, keys and the coordinator's address, which all machines see.
    var folder: String

    /// Reads the section.
    init(from section: ConfigurationSection) {
        coordinator = section.choice(
            "coordinator", default: .job,
            "where the coordinator runs: in a job, here, or elsewhere already")
        chain = section.integer(
            "chain", default: 1, in: 1...100,
            "jobs of the coordinator, one after the other until the run is finished")
        workersMax = section.integer(
            "workers", default: 1, in: 1...1000, "most worker jobs at once")
        workersMin = section.integer(
            "workers_min", default: 1, in: 1...1000, "fewest worker jobs while draws are pending")
        drawsPerWorker = section.integer(
            "draws_per_worker", default: 1000, in: 1...1_000_000_000,
            "one more worker for so many pending draws of its policy")
        scaleInterval = section.duration(
            "scale_interval", default: .seconds(30), in: .seconds(1)...(.seconds(86_400)),
            "how often the coordinator's job adapts the number of workers")
        time = section.duration(
            "time", default: .seconds(14_400), in: .seconds(60)...(.seconds(8_640_000)),
            "time limit of each job")
        notice = section.duration(
            "notice", default: .seconds(60), in: .seconds(10)...(.seconds(65_535)),
            "how long before its limit a job is told to drain")
        idle = section.duration(
            "idle_timeout", default: .seconds(300), in: .seconds(1)...(.seconds(864_000)),
            "a worker job without work for this long ends")
        gpus = section.integer("gpus", default: 1, in: 0...64, "GPUs of each worker job")
        cpus = section.integer(
            "cpus", in: 1...4096, "cores of each worker job", example: "8",
            absent: "the cluster's")
        memory = section.text(
            "memory", "memory of each worker job, for sbatch --mem", example: "64G",
            absent: "the cluster's")
        partition = section.text(
            "partition", "partition of the worker jobs", example: "gpu", absent: "the cluster's")
        coordinatorPartition = section.text(
            "coordinator_partition", "partition of the coordinator's jobs", example: "cpu",
            absent: "that of the workers")
        account = section.text("account", "account", example: "alignment", absent: "yours")
        directives = section.texts(
            "directives", default: [], "more options of sbatch for each worker job")
        setup = section.texts(
            "setup", default: [], "lines of shell in each job, before Ogive starts")
        container = section.text(
            "container", default: "",
            "command before Ogive in worker jobs: apptainer exec --nv IMAGE, srun --environment=…")
        program = section.text(
            "program", "Ogive on the cluster's machines", example: "/opt/ogive/bin/ogive",
            absent: "this program")
        folder =
            section.filePath(
                "folder",
                "scripts, logs, keys and the coordinator's address; all machines must see it",
                example: "slurm", absent: "slurm") ?? section.reading.resolve("slurm")
        check(section)
    }

    private func check(_ section: ConfigurationSection) {
        if workersMin > workersMax {
            section.report("workers_min", "must be at most workers, which is \(workersMax)")
        }
        if notice >= time {
            section.report("notice", "must be shorter than time")
        }
        let words = [
            ("memory", memory), ("partition", partition), ("account", account),
            ("coordinator_partition", coordinatorPartition),
        ]
        for (key, word) in words {
            // It stands in a line of a script that ends at a space.
            if let word, word.isEmpty || word.contains(where: \.isWhitespace) {
                section.report(key, "must be one word")
            }
        }
        for (key, lines) in [("directives", directives), ("setup", setup)] {
            if lines.contains(where: { $0.contains(where: \.isNewline) }) {
                section.report(key, "must be a list of single lines")
            }
        }
        if let option = directives.first(where: { !$0.hasPrefix("-") }) {
            section.report(
                "directives", "must be options of sbatch, which begin with `-`; not \(option)")
        }
        if container.contains(where: \.isNewline) {
            section.report("container", "must be one line")
        }
    }
}
