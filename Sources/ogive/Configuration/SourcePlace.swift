/// Where a value of the configuration was written, for messages.
struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    /// A file's name, or the flag that gave the value.
    var source: String
    /// The line from 1; `nil` where the source has no lines.
    var line: Int?

    var description: String {
        guard let line else { return source }
        return "\(source):\(line)"
    }
}
