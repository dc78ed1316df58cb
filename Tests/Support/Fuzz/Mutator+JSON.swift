import OgiveModels

extension Mutator {
    /// Values that decoders stumble over.
    private static let values = [
        "null", "true", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-400", "0", "-0",
        "-1", "1", "2", "1.5", "0.5", "1e308", "-1.7e308", "2147483647", "2147483648",
        "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "123456789012345678901234567890", "1e18", "1e19", "01", "+1", ".5", "0x10", "\"\"", "\"x\"",
        "[]", "{}", "[[]]", "[null]", "{\"\":null}", #""\ud800""#, #""\u0000""#,
        #""\ud83d\ude00""#, #""\udc00\ud800""#, #""\uZZZZ""#, #""\"#, "<html>", "//", "'a'",
    ].map { Array($0.utf8) }

    /// Changes one value for another, doubles, drops or moves one, or nests deeply.
    func mutateJSON(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let spans = Self.spans(bytes)
        guard let span = spans.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1:
            bytes.replaceSubrange(
                span, with: Self.values[Int.random(in: Self.values.indices, using: &random)])
        case 2: bytes.replaceSubrange(span, with: grown(&random))
        case 3:
            // An element or member twice: with the comma before or behind it.
            let piece = Array(bytes[span])
            bytes.insert(contentsOf: [UInt8(ascii: ",")] + piece, at: span.upperBound)
        case 4: bytes.removeSubrange(span)
        case 5:
            guard let other = spans.randomElement(using: &random) else { return }
            bytes.replaceSubrange(span, with: Array(bytes[other]))
        case 6:
            let other = pick(&random)
            guard let from = Self.spans(other).randomElement(using: &random) else { return }
            bytes.replaceSubrange(span, with: other[from])
        default: nest(&bytes, span, &random)
        }
    }

    private func grown(_ random: inout SplitMix64) -> [UInt8] {
        let count = Int.random(in: 1...1 << Int.random(in: 1...11, using: &random), using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return [UInt8](repeating: UInt8(ascii: "9"), count: count)
        case 1:
            return Array("0.".utf8) + [UInt8](repeating: UInt8(ascii: "1"), count: count)
        case 2:
            let text = [UInt8](repeating: UInt8.random(in: 1...255, using: &random), count: count)
            return [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
        default:
            return Array("[0".utf8)
                + Array(repeatElement(Array(",0".utf8), count: count))
                .flatMap(\.self) + [UInt8(ascii: "]")]
        }
    }

    private func nest(_ bytes: inout [UInt8], _ span: Range<Int>, _ random: inout SplitMix64) {
        let depth = [2, 127, 128, 129, 511, 512, 513, 514, 2_000, 20_000].randomElement(
            using: &random)
        let isList = Bool.random(using: &random)
        let open = Array((isList ? "[" : "{\"a\":").utf8)
        let close = Array((isList ? "]" : "}").utf8)
        var nested: [UInt8] = []
        for _ in 0..<(depth ?? 2) { nested += open }
        nested += bytes[span]
        // Decoders report where a text ends too early, and may look behind its end to do so.
        if Int.random(in: 0..<4, using: &random) == 0 {
            bytes.replaceSubrange(span.lowerBound..., with: nested)
            return
        }
        for _ in 0..<(depth ?? 2) { nested += close }
        bytes.replaceSubrange(span, with: nested)
    }

    /// Where values, keys included, and members (a key with its value) begin and end.
    static func spans(_ bytes: [UInt8]) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var open: [Int] = []
        var key: Int?
        var index = 0
        while index < bytes.count {
            let start = index
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append(index)
                index += 1
                continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                index += 1
                if let start = open.popLast() { spans.append(start..<index) }
                continue
            case UInt8(ascii: ":"):
                key = spans.last?.lowerBound
                index += 1
                continue
            case UInt8(ascii: "\""): index = endOfText(bytes, index)
            case UInt8(ascii: ","), 0...32:
                index += 1
                continue
            default:
                while index < bytes.count, !isMark(bytes[index]) { index += 1 }
            }
            spans.append(start..<index)
            if let member = key { spans.append(member..<index) }
            key = nil
        }
        return spans
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        byte <= 32 || [0x2C, 0x3A, 0x5B, 0x5D, 0x7B, 0x7D, 0x22].contains(byte)
    }

    private static func endOfText(_ bytes: [UInt8], _ start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index + 1, bytes.count)
    }
}
