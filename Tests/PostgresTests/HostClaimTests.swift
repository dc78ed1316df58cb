import Foundation
import Glibc
import OgiveTesting
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5))) struct HostClaimTests {
    private func watch(_ beats: [String], silentLooks: Int = 3) -> [HeartbeatWatch.Verdict] {
        var watch = HeartbeatWatch(silentLooks: silentLooks)
        return beats.map { watch.look($0) }
    }

    @Test func aHostWhoseHeartbeatChangesTwiceIsAlive() {
        #expect(watch(["1", "2", "3"]) == [.undecided, .undecided, .alive])
        #expect(watch(["1", "1", "2", "2", "3"]).last == .alive)
    }

    @Test func aClockThatGoesBackwardsIsAChangeLikeAnyOther() {
        #expect(watch(["2090", "1970", "1969"]).last == .alive)
    }

    @Test func aHostIsSilentAfterSoManyLooksWithoutAChange() {
        #expect(watch(["1", "1", "1", "1"]) == [.undecided, .undecided, .undecided, .silent])
        // One change may be the last one: the looks are counted anew.
        #expect(watch(["1", "1", "1", "2", "2", "2"]).last == .undecided)
        #expect(watch(["1", "1", "1", "2", "2", "2", "2"]).last == .silent)
        #expect(watch(["", "", "", ""]).last == .silent)
    }

    @Test func aRecordIsReadAsItWasWritten() {
        let record = HostRecord.here()
        #expect(HostRecord(record.text) == record)
        #expect(record.isHere)
        #expect(record.token != HostRecord.here().token)
    }

    @Test(arguments: ["", "\n\n\n", "a\nb", "\u{1B}[2J\nx\n\u{1B}]0;title\u{7}\nnow\n\r1\n"])
    func aDamagedRecordIsOfAnotherHost(_ text: String) {
        let record = HostRecord(text)
        #expect(!record.isHere)
        #expect(!record.name.isEmpty)
        #expect(record.text.unicodeScalars.allSatisfy { $0 == "\n" || (0x20...0x7E) ~= $0.value })
    }
}

@Suite(.timeLimit(.minutes(10))) struct OtherHostTests {
    /// What a host named `far` writes when it starts a server.
    private static let record = "0123456789\nanother boot\nfar\n2001-02-03 04:05:06 UTC\n77\n"

    /// Runs `body` with a directory that has a stopped server, claimed by the host `far`.
    private func with(_ body: (String) async throws -> Void) async throws {
        let path = "/tmp/ogive-embedded-far-\(UInt64.random(in: 0 ... .max))"
        try await EmbeddedPostgres.with(directory: path) { _ in }
        // Its server seems to be a process of this machine, which nobody may touch.
        try "\(getpid())\n\(path)/data\n1\n5432\n\(path)/run\n\n  5432 1\nready   \n".write(
            toFile: path + "/data/postmaster.pid", atomically: false, encoding: .utf8)
        try Self.record.write(toFile: path + "/host", atomically: false, encoding: .utf8)
        try await body(path)
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func aHostWithAHeartbeatIsNamedAndLeftAlone() async throws {
        try await with { path in
            let error = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A clock that is years behind, and goes backwards.
                    for second in 0... {
                        try FileManager.default.setAttributes(
                            [.modificationDate: Date(timeIntervalSince1970: 1e9 - Double(second))],
                            ofItemAtPath: path + "/host")
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                defer { group.cancelAll() }
                return try await postgresError {
                    _ = try await EmbeddedPostgres.start(directory: path)
                }
            }
            #expect(error.code == .embedded)
            for part in ["host far", "2001-02-03 04:05:06 UTC", "process 77", "60 seconds"] {
                #expect(error.message.contains(part), "\(error.message)")
            }
            let text = try String(contentsOfFile: path + "/host", encoding: .utf8)
            #expect(text == Self.record)
            #expect(FileManager.default.fileExists(atPath: path + "/data/postmaster.pid"))
        }
    }

    @Test func aHostThatHoldsALockIsNamedAtOnce() async throws {
        try await with { path in
            let lock = try await FileLock.shared(path + "/users.lock", patience: .seconds(60))
            defer { lock.unlock() }
            let error = try await postgresError {
                _ = try await EmbeddedPostgres.start(directory: path, silence: .seconds(0))
            }
            #expect(error.message.contains("host far"))
            #expect(error.message.contains("users.lock"))
        }
    }

    @Test func aLockThatIsHeldForAMomentIsNoUser() async throws {
        let path = "/tmp/ogive-embedded-moment-\(UInt64.random(in: 0 ... .max))"
        try await EmbeddedPostgres.with(directory: path) { _ in }
        // As the watchdog of a server that has just ended does, when it looks for users.
        let lock = try await FileLock.exclusive(path + "/users.lock", patience: .seconds(60))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await EmbeddedPostgres.with(directory: path) { _ in } }
            try await eventually("the next one to look") {
                try FileLock.isHeld(path + "/gate.lock")
            }
            lock.unlock()
            try await group.waitForAll()
        }
        // Whoever goes on holding it is a user, whom nobody's claim explains.
        let user = try await FileLock.shared(path + "/users.lock", patience: .seconds(60))
        let error = try await postgresError {
            try await EmbeddedPostgres.with(directory: path) { _ in }
        }
        #expect(error.message.contains("does not see"), "\(error.message)")
        user.unlock()
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func aSilentHostIsTakenOver() async throws {
        try await with { path in
            let server = try await EmbeddedPostgres.start(directory: path, silence: .seconds(1))
            let text = try String(contentsOfFile: path + "/host", encoding: .utf8)
            #expect(HostRecord(text).isHere)
            try await server.stop()
            #expect(!FileManager.default.fileExists(atPath: path + "/host"))
        }
    }

    @Test func aServerWhoseDirectoryWasTakenOverEnds() async throws {
        let path = "/tmp/ogive-embedded-taken-\(UInt64.random(in: 0 ... .max))"
        let server = try await EmbeddedPostgres.start(directory: path)
        // As a host does that was away for longer than it is waited for.
        try Self.record.write(toFile: path + "/host", atomically: true, encoding: .utf8)
        try await eventually("the server to end") {
            do {
                try await PostgresConnection.connect(server.configuration).close()
                return false
            } catch {
                return !FileManager.default.fileExists(atPath: path + "/data/postmaster.pid")
            }
        }
        // Nothing of the other host's is touched.
        try await server.stop()
        let text = try String(contentsOfFile: path + "/host", encoding: .utf8)
        #expect(text == Self.record)
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func aServerEndsWithItsWatchdog() async throws {
        let path = "/tmp/ogive-embedded-watchdog-\(UInt64.random(in: 0 ... .max))"
        let server = try await EmbeddedPostgres.start(directory: path)
        for process in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let id = pid_t(process),
                let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
            else { continue }
            let line = String(decoding: data, as: UTF8.self)
            if line.contains("\0watchdog\0") && line.contains(path) { kill(id, SIGKILL) }
        }
        try await eventually("the server to end") {
            !FileManager.default.fileExists(atPath: path + "/data/postmaster.pid")
        }
        try await server.stop()
        try FileManager.default.removeItem(atPath: path)
    }
}
