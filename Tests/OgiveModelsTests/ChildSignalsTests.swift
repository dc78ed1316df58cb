import Foundation
import Glibc
import OgiveCore
import OgiveTesting
import Testing

@testable import OgiveModels

/// A child hears SIGTERM and SIGINT, whatever the thread that starts it blocks: threads of the
/// pool block all signals.
@Suite(.timeLimit(.minutes(10))) struct ChildSignalsTests {
    /// Says which signals it does not hear, and when it hears SIGTERM.
    private static let script = """
        trap 'echo TERM >>"$NOTES"; exit 0' TERM
        # By the shell alone: it blocks all signals while it starts another program.
        while read -r name mask; do
          case $name in SigBlk:|SigIgn:) echo "$name $mask" >>"$NOTES" ;; esac
        done </proc/$$/status
        """
    private static let idle = "\nwhile :; do sleep 0.05; done"
    /// For what never comes when signals are lost; then it is killed, and says nothing.
    private static let patience = Duration.seconds(120)

    /// Runs `body` with the path of a file, and checks what the child wrote there. A child that
    /// was killed before it could write all of it, as on a machine that stood still, gets up to
    /// `attempts`.
    private static func checkNotes(
        attempts: Int = 1, _ body: (String) async throws -> Void
    ) async throws {
        let path = "/tmp/signals-\(UInt64.random(in: 0 ... .max))"
        var lines: [String] = []
        for _ in 0..<attempts where lines.count < 3 {
            try await body(path)
            lines = try notes(path)
            try FileManager.default.removeItem(atPath: path)
        }
        try #require(lines.count == 3, "\(lines)")
        for line in lines.prefix(2) {
            let digits = try #require(line.split(whereSeparator: \.isWhitespace).last)
            let mask = try #require(UInt64(digits, radix: 16))
            for signal in [SIGTERM, SIGINT] {
                #expect(mask & 1 << UInt64(signal - 1) == 0, "\(line)")
            }
        }
        #expect(lines.last == "TERM")
    }

    private static func notes(_ path: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map(String.init)
    }

    /// Calls `body` with all signals blocked in this thread.
    private static func blocked<Value>(_ body: () throws -> Value) rethrows -> Value {
        var (all, former) = (sigset_t(), sigset_t())
        // The sets are written and read by these calls alone.
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_BLOCK, &all, &former)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &former, nil) }
        return try body()
    }

    @Test func aSpawnedProcessHearsThem() async throws {
        try await Self.checkNotes { path in
            let child = try Self.blocked {
                try SpawnedProcess.start(
                    ["sh", "-c", Self.script + Self.idle], environment: ["NOTES": path],
                    input: nil, output: nil)
            }
            try await eventually("the child's notes") { try Self.notes(path).count == 2 }
            guard case .exited(0) = await child.stop(grace: Self.patience) else {
                Issue.record("it did not end by itself")
                return
            }
        }
    }

    @Test func aLaunchedServerHearsThem() async throws {
        try await Self.checkNotes { path in
            var spec = ModelServerSpec(argv: ["sh", "-c", Self.script + Self.idle])
            spec.environment = ["NOTES": path]
            spec.grace = Self.patience
            let server = try ModelServer(spec, supervisor: [])
            try await withThrowingTaskGroup { group in
                group.addTask { try await server.run() }
                try await eventually("the server's notes") { try Self.notes(path).count == 2 }
                group.cancelAll()
            }
        }
    }

    @Test func aScoringCommandHearsThem() async throws {
        // It has two seconds to end.
        try await Self.checkNotes(attempts: 5) { path in
            let answer = #"\#nread -r l; echo '{"id":0,"reward":1}'"#
            var command = CommandAdapter(["sh", "-c", Self.script + answer + Self.idle])
            command.environment = ["NOTES": path]
            let scorer = try CommandScorer(
                command, endpoint: ScorerEndpoint(command, model: "mine"))
            await withTaskGroup { group in
                group.addTask { await scorer.run() }
                let request = ScoreRequest(prompt: Samples.chat, completion: "x")
                let rewards = await scorer.score([request]).map { try? $0.get().reward }
                #expect(rewards == [1])
                group.cancelAll()
            }
        }
    }
}
