import OgiveTesting
import OgiveTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct TransportConformanceTests {
    @Test(.timeLimit(.minutes(10)), arguments: TransportConformance<FakeFixture>.Check.allCases)
    func theFakeConforms(check: TransportConformance<FakeFixture>.Check) async throws {
        try await TransportConformance(FakeFixture()).run(check)
    }

    @Test(
        .timeLimit(.minutes(10)), arguments: SocketFixture.Medium.allCases,
        TransportConformance<SocketFixture>.Check.allCases)
    func socketsConform(
        medium: SocketFixture.Medium, check: TransportConformance<SocketFixture>.Check
    ) async throws {
        try await TransportConformance(SocketFixture(medium: medium)).run(check)
    }

    @Test(
        "Fault 26: a slow reader at its high-water mark holds nobody else up",
        .timeLimit(.minutes(10)), arguments: SocketFixture.Medium.allCases)
    func slowReader(medium: SocketFixture.Medium) async throws {
        try await TransportConformance(SocketFixture(medium: medium)).run(.fullQueue)
    }

    @Test func theSuiteFindsAnUnfaithfulNetwork() async {
        let doubling = FakeFixture(fate: { passing in
            if case .toWorker = passing { .duplicate } else { .deliver }
        })
        await #expect(throws: ConformanceFailure.self) {
            try await TransportConformance(doubling).run(.orderToEachWorker)
        }
    }
}
