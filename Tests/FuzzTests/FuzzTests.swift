import Foundation
import Testing

@testable import fuzz

/// A short run of each target, in this build; the program `fuzz` runs long ones.
///
/// `FUZZ_ITERATIONS`, `FUZZ_SEED` and `FUZZ_FROM` choose others, above all for imports.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FuzzTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test(
        "Decoders hold to their properties on damaged input",
        arguments: FuzzTarget.all + [.imports, .packedImports, .adoptions])
    func decoders(_ target: FuzzTarget) throws {
        let (first, count) = (Self.number("FUZZ_FROM") ?? 0, Self.number("FUZZ_ITERATIONS"))
        let iterations = first..<(first + (count ?? 2_000))
        let begun = ContinuousClock.now
        let report = try FuzzLoop(target: target, seed: Self.number("FUZZ_SEED") ?? 7)
            .run(iterations)
        if count != nil { print(Fuzz.summary(report, ContinuousClock.now - begun)) }
        guard iterations.count >= 2_000 else { return }
        // Otherwise the damage is such that nothing behind the first check is ever reached.
        #expect(report.taken > iterations.count / 20)
    }

    @Test("An input follows from seed and iteration alone")
    func reproducible() {
        for target in FuzzTarget.all {
            let first = (0..<50).map { target.mutator.input(seed: 3, iteration: $0) }
            let again = (0..<50).reversed().map { target.mutator.input(seed: 3, iteration: $0) }
            #expect(first == again.reversed())
            #expect(Set(first).count > 25)
        }
    }

    @Test("A property that breaks is reported with the seed and iteration that replay it")
    func broken() {
        let target = FuzzTarget(name: "odd", mutator: FuzzTarget.command.mutator) {
            bytes throws(FuzzTarget.Broken) in
            guard !bytes.isEmpty, bytes[0] != UInt8(ascii: "[") else {
                throw FuzzTarget.Broken("odd")
            }
            return .taken
        }
        let error = #expect(throws: FuzzTarget.Broken.self) {
            try FuzzLoop(target: target, seed: 1).run(0..<100_000)
        }
        let words = error?.description.split(separator: " ") ?? []
        let iteration = words.count > 5 ? UInt64(words[5].dropLast()) : nil
        #expect(words.prefix(5) == ["--target", "odd", "--seed", "1", "--iteration"])
        let only = iteration.map { $0..<($0 + 1) } ?? 0..<0
        #expect(throws: FuzzTarget.Broken.self) {
            try FuzzLoop(target: target, seed: 1).run(only)
        }
    }

    @Test("Inputs that once broke a decoder do not any more", arguments: FuzzCorpus.all)
    func corpus(_ entry: FuzzCorpus.Entry) throws {
        let target = try #require(
            (FuzzTarget.all + [.imports, .packedImports, .adoptions]).first {
                $0.name == entry.target
            })
        _ = try target.check(entry.bytes)
    }
}
