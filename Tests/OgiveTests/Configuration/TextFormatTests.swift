import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct TextFormatTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("5m", .seconds(300)),
        ("1h30m", .seconds(5400)), ("1.5s", .milliseconds(1500)), ("0", .zero),
        ("2d", .seconds(172_800)),
    ])
    func durationIsReadAndWritten(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.format(duration)) == duration)
    }

    @Test(arguments: ["", "5", "s", "-3s", "3 s", "1w", "1e9s", "9999999d", "1..5s", "5m x"])
    func otherTextIsNoDuration(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [("512B", 512), ("8MiB", 8 << 20), ("7", 7), ("64 KiB", 65536)])
    func byteCountIsReadAndWritten(text: String, bytes: Int) {
        #expect(ByteCountText.parse(text) == bytes)
        #expect(ByteCountText.parse(ByteCountText.format(bytes)) == bytes)
    }

    @Test(arguments: ["", "8MB", "MiB", "-1B", "9999999999999GiB", "1.5MiB"])
    func otherTextIsNoByteCount(text: String) {
        #expect(ByteCountText.parse(text) == nil)
    }

    @Test func nearestNameForgivesASlipButNotAnotherWord() {
        let known = ["temperature", "top_p", "top_k", "seed"]
        #expect(NearestName.find("temprature", among: known) == "temperature")
        #expect(NearestName.find("top-p", among: known) == "top_p")
        #expect(NearestName.find("sede", among: known) == "seed")
        #expect(NearestName.find("concurrency", among: known) == nil)
        #expect(NearestName.find("", among: known) == nil)
    }
}
