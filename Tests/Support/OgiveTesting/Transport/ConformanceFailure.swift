/// What a conformance suite found broken.
package struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was expected, and what came instead.
    package var description: String

    /// Describes what is broken.
    package init(_ description: String) {
        self.description = description
    }

    /// Throws when the condition does not hold.
    static func require(
        _ condition: Bool, _ description: @autoclosure () -> String
    ) throws(ConformanceFailure) {
        guard condition else { throw ConformanceFailure(description()) }
    }
}
