import FoundationEssentials
import Testing
import UnixSignals

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct StopRequestsTests {
    @Test func aSecondTermOrIntForces() {
        var requests = StopRequests()
        let answers = [UnixSignal.sigterm, .sigint, .sigterm].map { requests.take($0) }
        #expect(answers == [.drain, .force, .force])
    }

    @Test("Fault 38: Slurm's USR1 never forces, in whatever order it is delivered")
    func userSignal() {
        for signals in [
            [UnixSignal.sigterm, .sigusr1, .sigusr1], [.sigusr1, .sigterm, .sigusr1],
            [.sigusr1, .sigusr1, .sigterm],
        ] {
            var requests = StopRequests()
            #expect(signals.map { requests.take($0) } == [.drain, nil, nil])
        }
    }

    @Test func endTimes() throws {
        let now = Date(timeIntervalSince1970: 1_000)
        let option = try WorkerEndTime.remaining(
            option: "1970-01-01T01:00:00+00:00", setting: "1970-01-01T02:00:00Z",
            environment: ["SLURM_JOB_END_TIME": "5000"], now: now)
        #expect(option == .seconds(2600), "the option comes first")
        let setting = try WorkerEndTime.remaining(
            option: nil, setting: "1970-01-01T02:00:00.5Z", environment: [:], now: now)
        #expect(setting == .seconds(6200.5))
        let slurm = try WorkerEndTime.remaining(
            option: nil, setting: nil, environment: ["SLURM_JOB_END_TIME": "5000"], now: now)
        #expect(slurm == .seconds(4000))
        let over = try WorkerEndTime.remaining(
            option: nil, setting: nil, environment: ["SLURM_JOB_END_TIME": "7"], now: now)
        #expect(over == .zero)
        let unknown = try WorkerEndTime.remaining(
            option: nil, setting: nil, environment: [:], now: now)
        #expect(unknown == nil)
        for bad in ["soon", "-3", "0"] {
            #expect(throws: CommandError.self) {
                try WorkerEndTime.remaining(
                    option: nil, setting: nil, environment: ["SLURM_JOB_END_TIME": bad], now: now)
            }
        }
    }
}
