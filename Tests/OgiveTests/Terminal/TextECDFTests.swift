import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct TextECDFTests {
    @Test func uniformRewardsGiveADiagonal() {
        let plot = TextECDF(width: 8, height: 4).lines([0, 1, 2, 3, 4, 5, 6, 7].map(Double.init))
        #expect(
            plot == [
                "1.0 ┤       █",
                "    ┤     ▄██",
                "0.5 ┤  ▄█████",
                "    ┤▄███████",
                "    └────────",
                "     0.000 7.00",
            ], "\(plot.joined(separator: "\n"))")
    }

    @Test func degenerateTableIsFullEverywhere() {
        let plot = TextECDF(width: 5, height: 2).lines([2.5, 2.5, 2.5])
        #expect(plot == ["1.0 ┤█████", "0.5 ┤█████", "    └─────", "     2.50"])
    }

    @Test func twoValuesGiveAStep() {
        let plot = TextECDF(width: 6, height: 2).lines([0, 0, 0, 1])
        #expect(plot[0] == "1.0 ┤▄▄▄▄▄█")
        #expect(plot[1] == "0.5 ┤██████")
    }

    @Test func marksOfCandidatesWidenTheAxis() {
        let plot = TextECDF(width: 10, height: 2).lines([0, 1], marks: [2, -1])
        #expect(plot[2] == "    └▲────────▲")
        #expect(plot[3].hasPrefix("     -1.00") && plot[3].hasSuffix("2.00"))
    }

    @Test func allLinesHaveTheSizeThatWasAskedFor() {
        let plot = TextECDF().lines((0..<1000).map { Double($0 * $0) })
        #expect(plot.count == 10)
        #expect(plot.allSatisfy { $0.count <= 46 })
    }

    @Test func extremesDoNotTrap() {
        let greatest = Double.greatestFiniteMagnitude
        #expect(TextECDF().lines([]) == ["no rewards"])
        #expect(TextECDF().lines([-greatest, greatest], marks: [0]).count == 10)
    }

    @Test(arguments: [
        (0.0, "0.000"), (-1.5, "-1.50"), (123.4, "123"), (2.5e7, "2.50e7"), (1e-5, "1.00e-5"),
    ])
    func labelsHaveAboutThreeDigits(reward: Double, text: String) {
        #expect(TextECDF.label(reward) == text)
    }
}
