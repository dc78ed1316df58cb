import Harness
import Testing

/// Everything together, in real processes. One after another: each test starts many processes,
/// and some measure nothing but still need their share of the machine to end in time.
@Suite("End to end", .serialized, .sharedServer, .timeLimit(.minutes(10)))
struct EndToEndTests {}
