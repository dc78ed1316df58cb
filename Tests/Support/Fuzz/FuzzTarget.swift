/// A decoder under test.
struct FuzzTarget: Sendable, CustomStringConvertible {
    /// What becomes of an input that breaks no property.
    enum Verdict: Sendable {
        /// It decodes, and encodes again to something that decodes equally.
        case taken
        /// It is refused with a typed error that says why.
        case refused
    }

    /// A property that does not hold.
    struct Broken: Error, CustomStringConvertible {
        /// Which, and what was seen.
        var description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// The name on the command line.
    let name: String
    /// Makes inputs.
    let mutator: Mutator
    /// Checks the properties of one input.
    let check: @Sendable ([UInt8]) throws(Broken) -> Verdict

    var description: String { name }

    /// Refusals say something, and no more than a failure's message may carry many times over.
    static func refused(_ message: String) throws(Broken) -> Verdict {
        guard !message.isEmpty else { throw Broken("refused without a reason") }
        guard message.utf8.count <= 16_384 else {
            throw Broken("refused with a message of \(message.utf8.count) bytes")
        }
        return .refused
    }
}
