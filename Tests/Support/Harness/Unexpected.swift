/// Something is not as a test or the chaos program needs it.
package struct Unexpected: Error, CustomStringConvertible {
    /// What is wrong.
    package let description: String

    /// Says what is wrong.
    package init(_ description: String) {
        self.description = description
    }
}
