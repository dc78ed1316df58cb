internal import ArgumentParser
internal import Foundation
internal import OgiveCore
internal import OgiveStore
internal import OgiveTesting
internal import Postgres

/// `measure land`: the store against `psql \copy` of the same rows, by turns on one server.
struct LandCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "land",
        abstract: "Draws a second that the store lands, beside psql \\copy of the same rows.")

    @Option(help: "Prompts of each round.")
    var prompts = 1024

    @Option(help: "Draws of each prompt.")
    var draws = 64

    @Option(help: "Draws of a prompt that arrive together.")
    var part = 8

    @Option(help: "Items of a landing batch.")
    var batch = SchedulerLimits().landingItems

    @Option(help: "Batches on their way at once.")
    var parallel = SchedulerLimits().landingsMax

    @Option(help: "Rounds of each.")
    var rounds = 5

    @Flag(help: "Parts arrive at random, not prompt by prompt.")
    var shuffled = false

    @Option(help: "Where the private server is made; it is removed at the end.")
    var directory = "/tmp/ogive-measure-\(UInt32.random(in: 0 ... .max))"

    @Option(help: "A server to use in place of a private one.")
    var database: String?

    /// What was found.
    struct Found: Encodable {
        let prompts: Int
        let draws: Int
        let part: Int
        let batch: Int
        let parallel: Int
        let copied: [Double]
        let landed: [Double]
    }

    mutating func run() async throws {
        let work = LandingWork(prompts: prompts, draws: draws)
        if let database {
            try await measure(work, on: try PostgresConfiguration(database), folder: directory)
            return
        }
        let (command, folder) = (self, directory)
        try await EmbeddedPostgres.with(directory: folder) { server in
            try await command.measure(work, on: server, folder: folder)
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    private func measure(
        _ work: LandingWork, on server: PostgresConfiguration, folder: String
    ) async throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let limit = CopyLimit(work: work, server: server, folder: folder)
        try limit.write()
        var copied: [Double] = []
        var landed: [Double] = []
        let items = Double(prompts * draws)
        for _ in 0..<rounds {
            copied.append(items / (try await limit.run()))
            landed.append(items / (try await land(work, on: server)))
        }
        try Measure.print(
            Found(
                prompts: prompts, draws: draws, part: part, batch: batch, parallel: parallel,
                copied: copied.map { $0.rounded() }, landed: landed.map { $0.rounded() }))
    }

    /// Seconds that landing took, into a new database.
    private func land(
        _ work: LandingWork, on server: PostgresConfiguration
    ) async throws -> Double {
        let admin = try await PostgresConnection.connect(server)
        try await admin.execute("DROP DATABASE IF EXISTS measure_land WITH (FORCE)")
        try await admin.execute("CREATE DATABASE measure_land")
        var configuration = server
        configuration.database = "measure_land"
        try await Migrator(configuration).up()
        let store = PostgresStore(configuration, connectionsMax: parallel + 1)
        let run = try await work.submit(to: store)
        let term = try await store.lead(as: "measure")
        let batches = work.batches(of: run.id, part: part, items: batch, shuffled: shuffled)
        try await admin.execute("CHECKPOINT")
        let time = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, batch) in batches.enumerated() {
                    if number >= parallel { try await group.next() }
                    group.addTask { _ = try await store.land(batch, term: term) }
                }
                try await group.waitForAll()
            }
        }
        await store.close()
        try await admin.execute("DROP DATABASE measure_land WITH (FORCE)")
        await admin.close()
        return time / .seconds(1)
    }
}
