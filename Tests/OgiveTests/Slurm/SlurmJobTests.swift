import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct SlurmJobTests {
    @Test func `A job of an array is asked for by its index`() {
        let alone = SlurmJob(environment: ["SLURM_JOB_ID": "12"])
        #expect(alone?.name == "12")
        let one = SlurmJob(
            environment: [
                "SLURM_JOB_ID": "14", "SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3",
            ])
        #expect(one?.name == "12_3")
        #expect(SlurmJob(environment: [:]) == nil)
        #expect(SlurmJob(environment: ["SLURM_JOB_ID": "--all"]) == nil)
    }

    @Test(arguments: [
        ("1-02:03:04\n", 93_784), ("02:03:04", 7_384), ("3:04", 184), ("0:00\n", 0),
        ("10-00:00:00", 864_000),
    ])
    func `The time that is left is read`(_ text: String, _ seconds: Int) throws {
        #expect(try SlurmJob.timeLeft(of: text) == .seconds(seconds))
    }

    @Test func `A job without a limit has no end`() throws {
        #expect(try SlurmJob.timeLeft(of: "UNLIMITED\n") == nil)
    }

    @Test(arguments: ["", "INVALID", "NOT_SET", "7", "1-2", "1-2:3", "-1:00", "a:b", "1:2:3:4"])
    func `Anything else is an error`(_ text: String) {
        #expect(throws: CommandError.self) { try SlurmJob.timeLeft(of: text) }
    }

    @Test func `A command that is not there is named`() async {
        let error = await #expect(throws: CommandError.self) {
            try await SlurmCall("no-such-squeue", []).output()
        }
        #expect(error?.message.contains("no-such-squeue") == true)
        #expect(error?.code == .unavailable)
    }

    @Test func `What a command says when it fails is handed on`() async {
        let error = await #expect(throws: CommandError.self) {
            try await SlurmCall("sh", ["-c", "echo slurm_load_jobs error: no >&2; exit 1"]).output()
        }
        #expect(error?.message == "sh failed: slurm_load_jobs error: no")
    }
}

@Suite(.timeLimit(.minutes(10))) struct SlurmQueueTests {
    @Test func `A line of the queue is read`() throws {
        let job = try #require(
            QueuedJob("12_3|ogive-mine-worker|RUNNING|1:02|2:58|n1"))
        #expect(job.id == "12_3" && job.name == "ogive-mine-worker" && job.state == "RUNNING")
        #expect(job.time == "1:02" && job.left == "2:58" && job.place == "n1")
        #expect(!job.isWaiting)
        let waiting = try #require(QueuedJob("7|a|PENDING|0:00|5:00|(Resources|more)"))
        #expect(waiting.isWaiting && waiting.place == "(Resources|more)")
        for bad in ["", "slurm: error", "x|a|RUNNING|0|0|n1", "1|a|RUNNING"] {
            #expect(QueuedJob(bad) == nil)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct WorkerScaleTests {
    private static let scale = WorkerScale(bounds: 2...5, itemsPerWorker: 100)

    @Test(arguments: [(0, 0), (1, 2), (200, 2), (201, 3), (500, 5), (100_000, 5)])
    func `Workers follow what is pending, within bounds`(_ pending: Int, _ workers: Int) {
        #expect(Self.scale.wanted(pending: pending) == workers)
    }

    @Test func `Missing ones are submitted, and only waiting ones are removed`() {
        let more = Self.scale.change(pending: 400, waiting: 1, running: 1)
        #expect(more == (submit: 2, cancel: 0))
        let right = Self.scale.change(pending: 400, waiting: 2, running: 2)
        #expect(right == (submit: 0, cancel: 0))
        let fewer = Self.scale.change(pending: 201, waiting: 1, running: 4)
        #expect(fewer == (submit: 0, cancel: 1))
        let none = Self.scale.change(pending: 0, waiting: 2, running: 3)
        #expect(none == (submit: 0, cancel: 2), "those that run end by themselves")
    }
}
