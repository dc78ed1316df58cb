import Foundation
import Postgres
import Testing

extension StoreTests {
    /// The SQL functions against values computed by SciPy and mpmath: the same file holds the
    /// library `QuantileRewards` to them.
    @Suite("the functions and SciPy", .timeLimit(.minutes(10)))
    struct FunctionReferenceTests {
        /// One value of the file as SQL: an expression, and what it must give.
        private struct Reference {
            let expression: String
            let value: Double
        }

        @Test("agree to 1e-12 for every function")
        func agree() async throws {
            let references = try references()
            #expect(references.count > 1000)
            try await TestDatabase.with { database in
                // A few hundred a query: one each would take its time, all at once too much text.
                for start in stride(from: 0, to: references.count, by: 200) {
                    let some = references[start..<min(start + 200, references.count)]
                    let list = some.map { "(\($0.expression))::float8" }.joined(separator: ",\n")
                    let values: [Double] = try await database.query("SELECT ARRAY[\(list)] AS x")
                        .one().decode("x")
                    try #require(values.count == some.count)
                    for (value, reference) in zip(values, some) {
                        let error = abs(value - reference.value)
                        #expect(
                            value == reference.value
                                || error <= 1e-12 * max(1, abs(reference.value)),
                            "\(reference.expression) is \(value) and not \(reference.value)")
                    }
                }
            }
        }

        private func references() throws -> [Reference] {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "QuantileRewardsTests/reference.json")
            let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
            return try (#require(json as? [[String: Any]])).map { entry in
                let arguments = try #require(entry["arguments"] as? [Any]).map(literal)
                let call = "ogive.\(try #require(entry["function"] as? String))"
                let field = (entry["field"] as? String).map { ").\($0)" } ?? ")"
                return Reference(
                    expression: "(\(call)(\(arguments.joined(separator: ", ")))\(field)",
                    value: try #require(number(entry["value"])))
            }
        }

        private func literal(_ argument: Any) -> String {
            if let list = argument as? [Double] {
                return "'{\(list.map { "\($0)" }.joined(separator: ","))}'::float8[]"
            }
            if let text = argument as? String { return "'\(text)'" }
            let value = number(argument) ?? .nan
            // Whole numbers fit parameters of every numeric type.
            return value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
        }

        private func number(_ value: Any?) -> Double? {
            (value as? Double) ?? (value as? Int).map(Double.init)
                ?? (value as? String).flatMap(Double.init)
        }
    }
}
