import OgiveModels
import Testing

@Suite(.timeLimit(.minutes(10))) struct FinalNumberTests {
    @Test(arguments: [
        ("#### 18", 18.0), ("so 1,319 in all", 1_319), ("$1,234,567.50.", 1_234_567.5),
        ("-5", -5), ("it is −5", -5), ("20-5", 5), ("$-2.50", -2.5), ("-$2.50", -2.5),
        ("The answer is 18.", 18), ("3.14.", 3.14), (".5", 0.5), ("1,2,3", 3), ("(1)-2", 2),
        ("10%", 10), ("a1", 1), ("12,34", 34), ("1.2.3", 2.3), ("7, and no more", 7),
        ("x = -12\n", -12), ("0", 0), ("007", 7),
    ]) func lastNumberIsFound(_ text: String, _ number: Double) {
        #expect(FinalNumber.last(in: text) == number)
    }

    @Test(arguments: ["", "none", "-", "...", ",", "$"]) func noNumberIsNil(_ text: String) {
        #expect(FinalNumber.last(in: text) == nil)
    }
}
