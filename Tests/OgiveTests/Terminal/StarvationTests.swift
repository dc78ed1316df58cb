import OgivePreflight
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct StarvationTests {
    /// The times at which the watch tells, of looks once a second.
    private func warnings(
        expected: Double = 90, rates: [Double], missing: Int = 100_000
    ) -> [Int] {
        var watch = StarvationWatch(expected: expected)
        return rates.indices.filter {
            watch.look(rate: rates[$0], missing: missing, at: .seconds($0))
        }
    }

    @Test func aRunBelowAQuarterOfWhatWasMeasuredIsReportedOnce() {
        #expect(warnings(rates: Array(repeating: 5, count: 100)) == [30])
        #expect(warnings(rates: Array(repeating: 0, count: 100)) == [30])
    }

    @Test func aRunThatIsFastEnoughOrSlowForAMomentIsNot() {
        #expect(warnings(rates: Array(repeating: 23, count: 100)).isEmpty)
        let rates = (0..<200).map { $0 % 30 == 29 ? 60.0 : 1 }
        #expect(warnings(rates: rates).isEmpty)
    }

    @Test func theEndOfARunIsSlowByItself() {
        #expect(warnings(rates: Array(repeating: 1, count: 100), missing: 500).isEmpty)
    }

    @Test func theMessageSaysWhatToChange() {
        let text = StarvationWatch(expected: 90).message(rate: 5, cores: 2)
        #expect(text.contains("5.00 draws/s") && text.contains("90.0") && text.contains("2 cores"))
        #expect(text.contains(#"--threads "{threads}""#))
    }

    private func findings(_ policy: String, _ scorer: String, cores: Int) throws -> [Finding] {
        let configuration = try Configuration.parse(
            """
            policy:
              kind: openai
              model: p
              launch: {\(policy)}
            scorer:
              kind: rerank
              model: r
              launch: {\(scorer)}
            """, source: "c.yaml", folder: "/f", environment: [:])
        return LaunchDoctor(configuration: configuration, cores: cores).examine()
    }

    @Test(arguments: [
        #"command: [serve, --threads, "2", --port, "{port}"]"#,
        #"command: [serve, -t, "2", --port, "{port}"]"#,
        #"command: [serve, --threads=2, --port, "{port}"]"#,
        #"command: [serve, --port, "{port}"], environment: {OMP_NUM_THREADS: "2"}"#,
    ])
    func moreThreadsThanCoresAreFound(launch: String) throws {
        let findings = try findings(launch, launch, cores: 2)
        #expect(findings.map(\.severity) == [.warning])
        #expect(findings.first?.message.contains("4 threads") == true)
        #expect(try self.findings(launch, launch, cores: 4).isEmpty)
    }

    @Test func aShareOfTheCoresIsFine() throws {
        let launch = #"command: [serve, --threads, "{threads}", -t, text, --port, "{port}"]"#
        #expect(try findings(launch, launch, cores: 1).isEmpty)
    }
}
