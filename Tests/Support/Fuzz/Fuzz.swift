import Glibc

/// Feeds decoders damaged input, reproducibly: see `help`.
@main
struct Fuzz {
    private static let help = """
        fuzz [--target NAME] [--seed S] [--iterations N | --iteration I] [--from I] [--show]

        Feeds N inputs (100 000) to each target, or to one. The inputs follow from seed (1) and
        iteration alone: `--iteration I` runs one again, and `--show` prints it. Targets: \(names)
        Imports: FUZZ_ITERATIONS=N FUZZ_SEED=S swift test --filter FuzzTests.
        """

    private static var names: String { FuzzTarget.all.map(\.name).joined(separator: ", ") }

    static func main() {
        var targets = FuzzTarget.all
        var (seed, first, count) = (UInt64(1), UInt64(0), UInt64(100_000))
        var rest = CommandLine.arguments.dropFirst()
        var isShown = false
        while let name = rest.popFirst() {
            if name == "--show" {
                isShown = true
                continue
            }
            let value = rest.popFirst() ?? ""
            let number = UInt64(value)
            switch (name, number) {
            case ("--target", _): targets = FuzzTarget.all.filter { $0.name == value }
            case ("--seed", let number?): seed = number
            case ("--iterations", let number?): count = number
            case ("--from", let number?): first = number
            case ("--iteration", let number?): (first, count) = (number, 1)
            default: targets = []
            }
        }
        guard !targets.isEmpty else {
            print(help)
            exit(2)
        }
        for target in targets {
            if isShown { print(target.mutator.input(seed: seed, iteration: first).debugText) }
            // Nothing of it is to be lost in a crash.
            fflush(nil)
            let begun = ContinuousClock.now
            do throws(FuzzTarget.Broken) {
                let report = try FuzzLoop(target: target, seed: seed).run(first..<(first + count))
                print(summary(report, ContinuousClock.now - begun))
            } catch {
                print("broken: \(error)")
                exit(1)
            }
        }
    }

    static func summary(_ report: FuzzLoop.Report, _ time: Duration) -> String {
        let rate = Double(report.executions) / (time / .seconds(1))
        return
            "  \(report.executions) executions in \(time), \(Int(rate))/s, \(report.taken) taken, "
            + "slowest \(report.slowest) (iteration \(report.slowestIteration)), "
            + "at most \(report.memory >> 20) MiB"
    }
}

extension [UInt8] {
    /// The bytes as text where they are printable, else in hexadecimal: for a corpus.
    fileprivate var debugText: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return (32...126).contains(byte) && byte != UInt8(ascii: "\\")
                ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + digits
        }.joined()
    }
}
