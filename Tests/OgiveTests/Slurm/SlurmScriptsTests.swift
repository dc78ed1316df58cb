import Foundation
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct SlurmScriptsTests {
    private static func scripts(
        _ slurm: String, more: String = "", overrides: [String] = []
    ) throws -> SlurmScripts {
        let configuration = try Configuration.parse(
            """
            run: {name: "my run", draws: 32}
            slurm: {program: /opt/ogive, \(slurm)}
            \(more)
            """, source: "mine.yaml", folder: "/shared", environment: [:])
        return try SlurmScripts(
            configuration, ConfigurationFile(path: "/shared/mine.yaml", overrides: overrides))
    }

    private static func problems(_ slurm: String) -> String {
        do {
            _ = try Configuration.parse(
                "slurm: {\(slurm)}", source: "m", folder: "/f", environment: [:])
            return ""
        } catch {
            return error.message
        }
    }

    @Test func `A worker's script holds what the section says, and starts Ogive by exec`() throws {
        let scripts = try Self.scripts(
            """
            time: 1d2h, notice: 2m, gpus: 2, cpus: 8, memory: 64G, partition: gpu, account: lab, \
            directives: ["--qos=low"], setup: ["module load cuda"], idle_timeout: 90s, \
            container: "apptainer exec --nv vllm.sif"
            """, overrides: ["run.draws=64"])
        let text = scripts.text(.worker)
        #expect(
            text == """
                #!/bin/bash
                # Workers of the run 'my run', an array of jobs.
                # Written by `ogive slurm`; you may copy and change it.
                #SBATCH --job-name=ogive-my-run-worker
                #SBATCH --output=/shared/slurm/log/%x-%A_%a.log
                #SBATCH --open-mode=append
                #SBATCH --time=1-02:00:00
                # Ogive drains at USR1. B: only the process of this script hears it.
                #SBATCH --signal=B:USR1@120
                # Preempted, a job begins again; what had landed stays.
                #SBATCH --requeue
                #SBATCH --account=lab
                #SBATCH --partition=gpu
                #SBATCH --gres=gpu:2
                #SBATCH --cpus-per-task=8
                #SBATCH --mem=64G
                #SBATCH --qos=low

                set -u
                module load cuda
                # exec: as in the coordinator's script.
                exec apptainer exec --nv vllm.sif /opt/ogive worker --config /shared/mine.yaml \
                -o run.draws=64 -o worker.idle_timeout=1m30s \
                -o worker.connect=file:/shared/slurm/address \
                -o worker.key=/shared/slurm/keys/worker.key \
                -o "worker.name=$(hostname):${SLURM_JOB_ID:-}"

                """)
    }

    @Test func `The coordinator's script listens, scales, and needs no GPU`() throws {
        let text = try Self.scripts("gpus: 2, coordinator_partition: cpu, scale_interval: 1m")
            .text(.coordinator)
        #expect(text.contains("#SBATCH --partition=cpu\n"))
        #expect(!text.contains("gres"))
        #expect(
            text.hasSuffix(
                """
                exec {lifeline}> >(
                    until read -r -t 60 || [ $? -le 128 ]; do
                        /opt/ogive slurm --scale --config /shared/mine.yaml </dev/null
                    done
                )
                # exec: Slurm's signals reach Ogive, and not a shell that would wait for its end.
                exec /opt/ogive run --no-workers --config /shared/mine.yaml \
                -o 'coordinator.listen=tcp://*:*' \
                -o coordinator.address_file=/shared/slurm/address \
                -o coordinator.key=/shared/slurm/keys/coordinator.key \
                -o coordinator.authorized_keys=/shared/slurm/keys/authorized

                """))
    }

    @Test func `One job for all has workers on every node but the first`() throws {
        let text = try Self.scripts("gpus: 1").text(.allocation, nodes: 4)
        #expect(text.contains("#SBATCH --nodes=4\n"))
        #expect(text.contains("srun --overlap --relative=1 --nodes=3 --ntasks=3 \\\n"))
        #expect(text.contains("\nexec /opt/ogive run --config"))
        #expect(
            text.components(separatedBy: "-o worker.connect=file:/shared/slurm/address").count == 3,
            "the run's own worker knows its coordinator's key by the file, too")
        let alone = try Self.scripts("gpus: 1").text(.allocation, nodes: 1)
        #expect(!alone.contains("srun"))
    }

    @Test func `What the configuration says itself is not said again`() throws {
        let scripts = try Self.scripts(
            "folder: jobs",
            more: """
                coordinator:
                  {listen: "tcp://*:7077", key: c.key, authorized_keys: keys, address_file: place}
                worker: {connect: "tcp://host:7077", key: w.key, coordinator_key: c.pub}
                """)
        let text = scripts.text(.coordinator) + scripts.text(.worker)
        for absent in ["coordinator.listen=", "coordinator.key=", "worker.key=", "worker.connect="]
        {
            #expect(!text.contains(absent), "\(absent)")
        }
        #expect(text.contains("coordinator.address_file=/shared/place"))
        #expect(text.contains("#SBATCH --output=/shared/jobs/log/"))
    }

    @Test(arguments: [
        ("workers: 2, workers_min: 3", "workers_min must be at most workers"),
        ("time: 60s, notice: 60s", "notice must be shorter than time"),
        ("partition: 'a b'", "partition must be one word"),
        ("memory: ''", "memory must be one word"),
        (#"directives: ["--qos=a\necho b"]"#, "must be a list of single lines"),
        ("directives: [qos=a]", "must be options of sbatch"),
        (#"container: "a\nb""#, "container must be one line"), ("gpus: -1", "gpus must be"),
        ("chain: 0", "chain must be"), ("coordinator: there", "must be one of job, here"),
    ])
    func `What would break a script is refused`(_ slurm: String, _ message: String) {
        #expect(Self.problems(slurm).contains(message), "\(Self.problems(slurm))")
    }

    @Test func `The page's configurations are read`() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/ogive/Documentation.docc/Slurm.md")
        let examples = try String(contentsOf: page, encoding: .utf8)
            .components(separatedBy: "```yaml\n").dropFirst()
        #expect(!examples.isEmpty)
        for example in examples {
            let text = example.components(separatedBy: "```")[0]
            let configuration = try Configuration.parse(
                text, source: "page", folder: "/f", environment: [:])
            #expect(configuration.slurm.workersMax > 1, "it is read, and not the default")
        }
    }

    @Test(arguments: [
        (Duration.seconds(60), "0-00:01:00"), (.seconds(93_784), "1-02:03:04"),
        (.milliseconds(90_500), "0-00:01:30"),
    ])
    func `Time limits are written as Slurm reads them`(_ time: Duration, _ text: String) {
        #expect(SlurmScripts.time(time) == text)
    }
}
