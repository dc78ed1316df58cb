import CThreadSanitizer
import Synchronization
import Testing

/// With ThreadSanitizer (`deploy/test --thread-sanitizer`) this is red when it does not see what
/// `CThreadSanitizer` shows it: the process ends with the exit code of races.
@Suite("A mutex that threads wait for", .timeLimit(.minutes(1)))
struct ContendedMutexTests {
    private final class Tally: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    @Test("holds one of them at a time, and is no race to ThreadSanitizer")
    func contended() async {
        let tally = Tally()
        let (threads, rounds) = (4, thread_sanitizer_is_on() == 1 ? 2_000 : 20_000)
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<threads {
                group.addTask {
                    for round in 0..<rounds {
                        tally.numbers.withLock { numbers in
                            if numbers.count == 64 { numbers.removeAll(keepingCapacity: true) }
                            numbers.append(thread * rounds + round)
                        }
                    }
                }
            }
        }
        #expect(tally.numbers.withLock(\.count) == (threads * rounds - 1) % 64 + 1)
    }
}
