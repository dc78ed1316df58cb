/// Reads the `Retry-After` header (RFC 9110, section 10.2.3): whole seconds, or a date such as
/// `Wed, 21 Oct 2015 07:28:00 GMT`.
package enum RetryAfter {
    /// Longest wait that is believed; a longer one is cut to this.
    package static let secondsMax = 3_600

    /// How long the server asks to wait; `nil` when the header cannot be read. A date in the past
    /// is no wait. `now` is in seconds since 1970 (UTC).
    package static func duration(_ header: String, now: Double) -> Duration? {
        let text = header.split(separator: " ").joined(separator: " ")
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            return .seconds(min(Int(text) ?? secondsMax, secondsMax))
        }
        guard let date = secondsSince1970(text) else { return nil }
        return .seconds(min(max(0, date - now), Double(secondsMax)))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func secondsSince1970(_ text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]),
            (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        // Days since 1970-01-01 in the Gregorian calendar, counting years from March.
        let shifted = month >= 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return Double(days * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2])
    }
}
