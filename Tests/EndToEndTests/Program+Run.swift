import Foundation
import Harness

extension Program {
    /// Waits until `ogive run` with an embedded database has landed draws, but not all.
    func isUnderWay(_ workspace: Workspace, _ config: String) async throws {
        try await eventually("the run to be submitted", detail: { transcript }) {
            output.contains("created; ")
        }
        try await eventually("some draws to land", detail: { transcript }) {
            guard isRunning else {
                throw TimedOut(description: "ended too early\n\(transcript)")
            }
            let status = try workspace.start(["status", "--json", "--config", config])
            guard try await status.status() == 0 else { return false }
            let object = try JSONSerialization.jsonObject(with: Data(status.output.utf8))
            let runs = (object as? [String: Any])?["runs"] as? [[String: Any]]
            return runs?.first?["landed"] as? Int ?? 0 >= 8
        }
    }
}
