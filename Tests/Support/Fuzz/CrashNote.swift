import Glibc
import Synchronization

/// Says which input a process died of, or hangs in: written by a signal handler.
enum CrashNote {
    private static let seed = Atomic<UInt64>(0)
    private static let iteration = Atomic<UInt64>(0)
    private static let isWithin = Atomic<Bool>(false)
    /// Longest time for 1 024 inputs, after which the process is taken to hang, in seconds.
    private static let hangSeconds: UInt32 = 300

    /// Watches over the inputs of a target that follow.
    static func begin(target: String, seed: UInt64) {
        print("fuzz --target \(target) --seed \(seed)")
        Self.seed.store(seed, ordering: .relaxed)
        isWithin.store(true, ordering: .releasing)
        for code in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
            // The handler captures nothing and calls only what a handler may call.
            _ = signal(code) { code in CrashNote.write(code) }
        }
        alarm(hangSeconds)
    }

    /// An input is next.
    static func at(_ number: UInt64) {
        iteration.store(number, ordering: .relaxed)
        if number % 1_024 == 0 { alarm(hangSeconds) }
    }

    /// The inputs are over.
    static func end() {
        alarm(0)
        isWithin.store(false, ordering: .releasing)
    }

    /// Writes the note without taking memory or locks, then dies of the signal.
    private static func write(_ code: Int32) {
        if isWithin.load(ordering: .acquiring) {
            say(code == SIGALRM ? "\nfuzz hangs: --seed " : "\nfuzz crashed: --seed ")
            say(seed.load(ordering: .relaxed))
            say(" --iteration ")
            say(iteration.load(ordering: .relaxed))
            say("\n")
        }
        // The default action ends the process.
        _ = signal(code, SIG_DFL)
        raise(code)
    }

    private static func say(_ text: StaticString) {
        // write reads the bytes of a literal, which live for ever.
        _ = unsafe Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }

    private static func say(_ number: UInt64) {
        var power: UInt64 = 1
        while number / power >= 10 { power *= 10 }
        while power > 0 {
            var digit = UInt8(ascii: "0") + UInt8(number / power % 10)
            // write reads the one byte during the call.
            _ = unsafe Glibc.write(STDERR_FILENO, &digit, 1)
            power /= 10
        }
    }
}
