import Foundation
import Glibc
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Keys {}
}

extension EndToEndTests.Keys {
    @Test func `Only authorised workers get work, and the others are told why`() async throws {
        try await Workspace.with { workspace in
            let fleet = try await KeyedFleet(workspace)
            for name in ["one", "two", "unknown", "other"] { try await fleet.new(name) }
            for name in ["one", "two"] { try await fleet.authorize(name) }
            let (coordinator, address) = try await fleet.coordinator()
            try await coordinator.says("unknown clients are kept out")
            let one = try fleet.worker("one", at: address)
            let two = try fleet.worker("two", at: address)
            try await fleet.landsMore()

            let unknown = try fleet.worker("unknown", at: address, patience: "2s")
            let keyless = try fleet.worker(nil, at: address, patience: "2s")
            let astray = try fleet.worker(
                "one", at: address, expecting: ["other"], patience: "2s")
            #expect(try await unknown.status() == 1, "\(unknown.transcript)")
            #expect(unknown.errors.contains("refuses this worker's key unknown"))
            #expect(unknown.errors.contains("ogive keys authorize unknown.pub"))
            #expect(try await keyless.status() == 1, "\(keyless.transcript)")
            #expect(keyless.errors.contains("`worker.key`"))
            #expect(try await astray.status() == 1, "\(astray.transcript)")
            #expect(astray.errors.contains("check `worker.coordinator_key`"))

            try await fleet.revoke("two")
            #expect(try await two.status() == 1, "\(two.transcript)")
            #expect(two.errors.contains("not authorised any more"))
            #expect(coordinator.errors.contains("key revoked"))
            let again = try fleet.worker("two", at: address, patience: "2s")
            #expect(try await again.status() == 1, "\(again.transcript)")
            #expect(again.errors.contains("refuses this worker's key two"))

            // The one that is left is unaffected.
            try await fleet.landsMore()
            #expect(one.isRunning)
            for process in [one, coordinator] {
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
            try await workspace.expectNothingRuns()
        }
    }

    @Test("Fault 42: keys of both sides are replaced while a run goes on, and no result is dropped")
    func rotation() async throws {
        try await Workspace.with { workspace in
            let fleet = try await KeyedFleet(workspace, prompts: 60, latency: "200ms")
            for name in ["old", "new", "other", "next"] { try await fleet.new(name) }
            for name in ["old", "other"] { try await fleet.authorize(name) }
            let (first, address) = try await fleet.coordinator()
            // The next key is known to the workers before the coordinator takes it.
            let both = ["coordinator", "next"]
            let old = try fleet.worker("old", at: address, expecting: both)
            let other = try fleet.worker("other", at: address, expecting: both)
            try await fleet.landsMore()

            // A worker's key: authorise the new one, change over, revoke the old one.
            try await fleet.authorize("new")
            let new = try fleet.worker("new", at: address, expecting: both)
            old.signal(SIGTERM)
            #expect(try await old.status() == 0, "\(old.transcript)")
            try await fleet.revoke("old")
            try await fleet.landsMore()

            // The coordinator's: start it again with the next one.
            first.signal(SIGTERM)
            #expect(try await first.status() == 0, "\(first.transcript)")
            let (second, _) = try await fleet.coordinator("next", listen: address)
            try await eventually("the rest to land") {
                try await fleet.database.landed() == 480
            }
            let (before, after) = (new, other)
            for process in [before, after, second] {
                #expect(process.isRunning, "\(process.transcript)")
                process.signal(SIGTERM)
                #expect(try await process.status() == 0, "\(process.transcript)")
            }
            try await workspace.ogive(["audit", "--config", fleet.config])
            let failures: Int = try await fleet.database.value(
                "SELECT count(*) FROM ogive.failures")
            #expect(failures == 0)
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `Without keys no other machine is served or trusted`() async throws {
        try await Workspace.with { workspace in
            let fleet = try await KeyedFleet(workspace, prompts: 1)
            let open = try await workspace.ogive(
                ["coordinator", fleet.config, "-o", "coordinator.listen=\"tcp://*:7077\""], exit: 2)
            #expect(open.errors.contains("nothing would keep unknown clients out"))
            #expect(open.errors.contains("ogive keys --help"))
            let trusting = try await workspace.ogive(
                ["worker", fleet.config, "-o", "worker.connect=tcp://10.0.0.1:7077"], exit: 2)
            #expect(trusting.errors.contains("ogive keys --help"))
            let half = try await workspace.ogive(
                [
                    "coordinator", fleet.config, "-o",
                    "coordinator.key=\(workspace.path("coordinator.key"))",
                ], exit: 2)
            #expect(half.errors.contains("needs coordinator.authorized_keys as well"))
            // With keys it is.
            let (coordinator, address) = try await fleet.coordinator(listen: "tcp://0.0.0.0:*")
            #expect(address.hasPrefix("tcp://\(ProcessInfo.processInfo.hostName):"))
            coordinator.signal(SIGTERM)
            #expect(try await coordinator.status() == 0, "\(coordinator.transcript)")
        }
    }

    @Test func `Keys are made, listed, authorised and revoked, and secrets stay secret`()
        async throws
    {
        try await Workspace.with { workspace in
            let folder = workspace.path("authorized")
            let place = ["--authorized", folder]
            let made = try await workspace.ogive(
                ["keys", "new", "gpu-7", "--folder", workspace.folder, "--json"])
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
            let key = try #require(object["key"] as? String)
            let secret = try String(contentsOfFile: workspace.path("gpu-7.key"), encoding: .utf8)
                .split(separator: "\n").first { $0.hasPrefix("secret ") }?.dropFirst(7)
            #expect(!made.transcript.contains(try #require(secret)))
            let again = try await workspace.ogive(
                ["keys", "new", "gpu-7", "--folder", workspace.folder], exit: 2)
            #expect(again.errors.contains("not overwritten"))

            try await workspace.ogive(["keys", "authorize", key] + place, exit: 2)
            try await workspace.ogive(["keys", "authorize", key, "--name", "rented"] + place)
            let twice = try await workspace.ogive(
                ["keys", "authorize", workspace.path("gpu-7.pub")] + place, exit: 2)
            #expect(twice.errors.contains("already, as rented"))
            let wrong = try await workspace.ogive(
                ["keys", "authorize", workspace.path("gpu-7.key")] + place, exit: 2)
            #expect(wrong.errors.contains("give the .pub file"))
            let list = try await workspace.ogive(["keys", "list", "--json"] + place)
            let rows = try JSONSerialization.jsonObject(with: Data(list.output.utf8))
            let keys = (rows as? [String: Any])?["keys"] as? [[String: String]]
            #expect(keys == [["name": "rented", "key": key]])
            try await workspace.ogive(["keys", "revoke", key] + place)
            let none = try await workspace.ogive(["keys", "revoke", "rented"] + place, exit: 2)
            #expect(none.errors.contains("ogive keys list"))

            let config = try Settings.synthetic(
                workspace, database: .embedded(workspace.path("database")))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: workspace.path("gpu-7.key"))
            let shared = try await workspace.ogive(
                [
                    "worker", config, "-o", "worker.key=\(workspace.path("gpu-7.key"))", "-o",
                    "worker.coordinator_key=\(key)",
                ], exit: 2)
            #expect(shared.errors.contains("chmod 600 \(workspace.path("gpu-7.key"))"))
        }
    }
}
