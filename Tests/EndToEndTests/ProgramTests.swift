import Foundation
import Harness
import Testing

extension EndToEndTests {
    /// What the tests start their programs with.
    @Suite(.timeLimit(.minutes(10))) struct Programs {}
}

extension EndToEndTests.Programs {
    @Test func `A program keeps none of its outputs open in the process that started it`()
        async throws
    {
        try await Workspace.with { workspace in
            let program = try await workspace.ogive(["version"])
            #expect(!program.output.isEmpty)
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                .compactMap {
                    try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/self/fd/\($0)")
                }
            #expect(open.filter { $0.hasPrefix(workspace.folder) } == [])
        }
    }
}
