/// Finds the last number of a text: `#### 1,319` is 1319, `costs $-2.50.` is −2.5.
package enum FinalNumber {
    /// The last number, or `nil` when there is none.
    ///
    /// A number is an optional sign, digits with commas between groups of three, and an optional
    /// decimal part. A sign counts only where no word or number stands
    /// before it, so that `20-5` ends in 5. A full stop after a number ends a sentence.
    package static func last(in text: String) -> Double? {
        let bytes = Array(text.utf8)
        var end = bytes.count
        while let lastDigit = bytes[..<end].lastIndex(where: isDigit) {
            // Read forwards from the start of the run of number characters that ends here.
            var start = lastDigit
            while start > 0, isInner(bytes, start - 1) { start -= 1 }
            if let number = lastNumber(bytes[start...lastDigit], precededBy: bytes[..<start]) {
                return number
            }
            end = start
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// Whether the byte can stand inside a number: digits, and points, commas between digits.
    private static func isInner(_ bytes: [UInt8], _ place: Int) -> Bool {
        if isDigit(bytes[place]) { return true }
        let isMark = bytes[place] == UInt8(ascii: ".") || bytes[place] == UInt8(ascii: ",")
        return isMark && place + 1 < bytes.count && isDigit(bytes[place + 1])
            && (place > 0 && isDigit(bytes[place - 1]) || bytes[place] == UInt8(ascii: "."))
    }

    /// The last number of a run of digits, commas and points.
    private static func lastNumber(_ run: ArraySlice<UInt8>, precededBy before: ArraySlice<UInt8>)
        -> Double?
    {
        var rest = run
        var isWhole = true
        while !rest.isEmpty {
            if let value = value(rest) {
                return isWhole && isNegative(before) ? -value : value
            }
            // Not one number (`1,2,3`, `1.2.3`): drop its first part.
            guard let mark = rest.firstIndex(where: { !isDigit($0) }) else { return nil }
            rest = rest[(mark + 1)...]
            isWhole = false
        }
        return nil
    }

    private static func value(_ run: ArraySlice<UInt8>) -> Double? {
        let parts = run.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 1 || !parts[1].contains(UInt8(ascii: ",")) else {
            return nil
        }
        let groups = parts[0].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        if groups.count > 1 {
            guard (1...3).contains(groups[0].count),
                groups.dropFirst().allSatisfy({ $0.count == 3 })
            else { return nil }
        }
        let digits = run.filter { $0 != UInt8(ascii: ",") }
        return Double("0" + String(decoding: digits, as: UTF8.self))
    }

    private static let minusSign = Array("−".utf8)

    private static func isNegative(_ before: ArraySlice<UInt8>) -> Bool {
        var rest = before
        // `-$5` and `$-5` are both amounts.
        if rest.last == UInt8(ascii: "$") { rest = rest.dropLast() }
        if rest.last == UInt8(ascii: "-") {
            rest = rest.dropLast()
        } else if rest.suffix(minusSign.count).elementsEqual(minusSign) {
            rest = rest.dropLast(minusSign.count)
        } else {
            return false
        }
        if rest.last == UInt8(ascii: "$") { rest = rest.dropLast() }
        guard let last = rest.last else { return true }
        let isLetter = (65...90).contains(last & 0xDF)
        return !isDigit(last) && !isLetter && last != UInt8(ascii: ")")
    }
}
