import Harness
import Testing

/// Everything together, in real processes. `deploy/test` runs two tests at a time: each starts many
/// processes, which wait for each other more than they compute.
@Suite("End to end", .sharedServer, .timeLimit(.minutes(10)))
struct EndToEndTests {}
