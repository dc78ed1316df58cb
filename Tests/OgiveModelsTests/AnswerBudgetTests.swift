import FoundationEssentials
import OgiveCore
import OgiveTesting
import Testing

@testable import OgiveModels

/// What all answers together may hold.
@Suite(.timeLimit(.minutes(10))) struct AnswerBudgetTests {
    /// Reads an answer in parts, and holds it until `body` returns.
    private func answer(
        _ budget: AnswerBudget, parts: Int, of bytes: Int, _ body: () async -> Void = {}
    ) async throws {
        let share = budget.share()
        for _ in 0..<parts {
            try await share.take(bytes)
        }
        await body()
    }

    @Test("Fault 51: large answers of all connections are read, a few at a time")
    func many() async throws {
        let budget = AnswerBudget(bytesMax: 100, smallBytes: 5)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<256 { group.addTask { try await answer(budget, parts: 7, of: 10) } }
            try await group.waitForAll()
        }
        // The budget, and the one answer that may go on beyond it.
        #expect(budget.usedMax <= 100 + 70)
        #expect(budget.used == 0 && budget.waiting == 0)
    }

    @Test func `Answers that block each other go on one after the other`() async throws {
        let budget = AnswerBudget(bytesMax: 10, smallBytes: 0)
        let shares = (0..<3).map { _ in budget.share() }
        for share in shares.dropLast() { try await share.take(5) }
        // Both want more than there is: the first one goes on, the second waits for its end.
        try await shares[0].take(6)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...2 {
                let share = shares[number]
                group.addTask { try await share.take(6) }
                try await eventually("it to wait") { budget.waiting == number }
            }
            try await shares[0].take(100)
            #expect(budget.waiting == 2)
            group.cancelAll()
            // Cancelled, none of them waits any more, and nothing is counted for them.
            while await group.nextResult() != nil {}
        }
        #expect(budget.waiting == 0 && budget.used == 5 + 5 + 6 + 100)
    }

    @Test func `What ends makes room for the one that waits longest`() async throws {
        let budget = AnswerBudget(bytesMax: 10, smallBytes: 0)
        var first: AnswerBudget.Share? = budget.share()
        try await first?.take(10)
        try await first?.take(1)
        let second = budget.share()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await second.take(10) }
            try await eventually("it to wait") { budget.waiting == 1 }
            first = nil
            try await group.waitForAll()
        }
        #expect(budget.used == 10)
    }

    @Test func `Small answers ask nobody`() async throws {
        let budget = AnswerBudget(bytesMax: 1, smallBytes: 100)
        let shares = (0..<50).map { _ in budget.share() }
        for share in shares { try await share.take(100) }
        #expect(budget.usedMax == 0)
    }

    @Test("Fault 51: connections to a hostile server share the bytes of their answers")
    func connections() async throws {
        let size = 200_000
        let body = "{\"text\": \"\(String(repeating: "x", count: size))\"}"
        let budget = AnswerBudget(bytesMax: 2 * size, smallBytes: 1_000)
        try await ScriptedServer.serving { _ in
            .json(body)
        } _: { server in
            let http = ModelHTTP(
                url: try ModelURL(server.url), apiKey: nil, requestTimeout: .seconds(120),
                connections: 40, budget: budget)
            try await withThrowingTaskGroup(of: Data.self) { group in
                for _ in 0..<40 { group.addTask { try await http.get("/") } }
                // Each is decoded, and goes, before the next one is taken.
                for try await data in group { #expect(data.count == body.utf8.count) }
            }
        }
        #expect(budget.usedMax > size)
        #expect(budget.usedMax <= 3 * body.utf8.count, "\(budget.usedMax)")
        #expect(budget.used == 0)
    }

    @Test func `An answer that waits for room ends with its request's deadline`() async throws {
        let body = "{\"text\": \"\(String(repeating: "x", count: 50_000))\"}"
        let budget = AnswerBudget(bytesMax: 1, smallBytes: 0)
        let first = budget.share()
        try await first.take(2)
        try await ScriptedServer.serving { _ in
            .json(body)
        } _: { server in
            let http = ModelHTTP(
                url: try ModelURL(server.url), apiKey: nil, requestTimeout: .milliseconds(500),
                connections: 1, budget: budget)
            let error = await #expect(throws: ModelError.self) { try await http.get("/") }
            #expect(error?.code == .timeout)
        }
        #expect(budget.used == 2 && budget.waiting == 0)
    }
}
