/// A domain value that has a protobuf message.
protocol WireConvertible {
    /// The protobuf message.
    associatedtype Wire

    /// Takes a decoded message after checking it; throws `missingField`, `invalidValue` or
    /// `tooLarge`.
    init(wire: Wire) throws(WireError)

    /// The message, unchecked: envelopes check it whole before they send it.
    var wire: Wire { get }
}

extension Duration {
    /// Whole nanoseconds; what 64 bits cannot hold becomes the nearest that they can.
    var wireNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowAgain) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !overflow, !overflowAgain else { return seconds < 0 ? .min : .max }
        return sum
    }
}

extension UInt32 {
    /// A number of things; what does not fit becomes one that decoders refuse.
    init(wireCount count: Int) {
        self = UInt32(exactly: count) ?? .max
    }
}
