import Foundation
import Harness
import Postgres
import Testing

extension Installation {
    /// Starts everything with answers that take a while, and returns when some draws have landed
    /// and most have not.
    func getUnderWay(workers: Int = 2, latency: Double = 0.1) async throws {
        try models.change {
            $0.latency = latency
            $0.quick = 8
        }
        try startCoordinator()
        for worker in 0..<workers { try startWorker("w\(worker)") }
        try await landSome()
    }

    /// Waits until some draws have landed; most have not.
    func landSome() async throws {
        try await eventually("some draws to land") { try await landed() >= 16 }
        #expect(try await landed() < total / 2, "the fault comes too late")
    }

    /// Answers without delay from now on.
    func hurry() throws {
        try models.change {
            $0.latency = 0
            $0.quick = nil
        }
    }

    /// No draw was asked of the policy twice: no worker was lost, so nothing had to be drawn
    /// again. An acknowledged draw that was lost would be.
    func expectNothingAskedTwice() throws {
        let counts = try timesAsked
        let twice = counts.filter { $0.value > 1 }.keys.sorted()
        #expect(twice.isEmpty, "asked twice: draws with these seeds")
        #expect(counts.count == total)
    }

    /// How often the policy was asked for each draw, by the draw's seed.
    var timesAsked: [Int: Int] {
        get throws {
            var counts: [Int: Int] = [:]
            for request in try models.requests where request.kind == "policy" {
                let first = try #require(request.seed)
                for seed in first..<(first + request.n) { counts[seed, default: 0] += 1 }
            }
            return counts
        }
    }

    /// The seeds of the draws that have landed.
    var landedSeeds: Set<Int> {
        get async throws {
            let rows = try await postgres.database.rows("SELECT seed FROM ogive.run_completions")
            return Set(try rows.map { try $0.decode(0, as: Int.self) })
        }
    }

    /// Draws that the policy was asked for so far.
    var drawsAsked: Int {
        get throws {
            try models.requests.filter { $0.kind == "policy" }.map(\.n).reduce(0, +)
        }
    }
}

extension Program {
    /// Its resident memory in bytes.
    var memory: Int {
        get throws {
            let text = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            let number = line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
            return try #require(number) * 1024
        }
    }
}
