import Foundation
import Testing

@testable import ZeroMQ

/// What encryption costs: run with `OGIVE_BENCHMARK=1`, prints and asserts nothing about time.
@Suite(
    .serialized, .enabled(if: ProcessInfo.processInfo.environment["OGIVE_BENCHMARK"] != nil),
    .timeLimit(.minutes(10)))
struct CurveBenchmark {
    @Test(arguments: [64, 1_024, 16_384])
    func `messages per second with and without CURVE`(bytes: Int) async throws {
        let plain = try await rate(bytes, keys: nil)
        let keys = (try ZeroMQKeyPair.generate(), try ZeroMQKeyPair.generate())
        let curve = try await rate(bytes, keys: keys)
        print(
            "\(bytes) bytes: \(Int(plain)) messages/s plain, \(Int(curve)) with CURVE,"
                + " ratio \((curve / plain * 100).rounded() / 100)")
    }

    private func rate(
        _ bytes: Int, keys: (server: ZeroMQKeyPair, own: ZeroMQKeyPair)?
    ) async throws -> Double {
        let count = 100_000
        var routing = ZeroMQChannelConfiguration(
            name: "bench-router", type: .router, options: [.linger(.zero)],
            addresses: [.bind("tcp://127.0.0.1:*")])
        if let keys {
            routing.options.append(.curveServer(keys.server.secretKey))
            routing.authorize = { _ in "bench" }
        }
        let router = try ZeroMQChannel(routing)
        return try await withRunning(router) {
            var dealing = ZeroMQChannelConfiguration(
                name: "bench-dealer", type: .dealer, options: [.linger(.zero)],
                addresses: [.connect(try #require(try await router.addresses().first))])
            if let keys {
                dealing.options.append(
                    .curveClient(server: keys.server.publicKey, own: keys.own))
            }
            let dealer = try ZeroMQChannel(dealing)
            return try await withRunning(dealer) {
                let batch = Array(repeating: [[UInt8](repeating: 7, count: bytes)], count: 100)
                let start = ContinuousClock.now
                async let sent: Void = {
                    var left = count
                    while left > 0 {
                        let results = await dealer.send(batch: Array(batch.prefix(left)))
                        left -= results.count { $0 == .sent }
                    }
                }()
                var received = 0
                for await messages in router.incoming {
                    received += messages.count
                    if received >= count { break }
                }
                await sent
                return Double(count) / ((ContinuousClock.now - start) / .seconds(1))
            }
        }
    }
}
