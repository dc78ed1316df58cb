import Harness

/// What the command line says.
struct Options {
    /// How long faults happen.
    var minutes = 10.0
    /// What the faults follow from.
    var seed = UInt64.random(in: 0..<1_000_000)
    /// How many workers there are.
    var workers = 4

    static let usage = "usage: chaos [--minutes N] [--seed S] [--workers W]"

    /// Reads the arguments. Throws what is wrong with them.
    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let text = rest.popFirst() else { throw Unexpected("\(name) lacks its value") }
            switch name {
            case "--minutes": minutes = try Self.number(text, name) { $0 > 0 && $0 < 10_000 }
            case "--seed": seed = try Self.number(text, name) { _ in true }
            case "--workers": workers = try Self.number(text, name) { $0 > 0 && $0 <= 64 }
            default: throw Unexpected("unknown option \(name)\n\(Self.usage)")
            }
        }
    }

    private static func number<Number: LosslessStringConvertible>(
        _ text: String, _ name: String, _ isValid: (Number) -> Bool
    ) throws -> Number {
        guard let number = Number(text), isValid(number) else {
            throw Unexpected("\(name) \(text): not a usable number\n\(usage)")
        }
        return number
    }
}
