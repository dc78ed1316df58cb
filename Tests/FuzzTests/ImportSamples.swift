import Foundation
import Synchronization

@testable import ogive

/// Files as users have them: the seeds of the mutations.
enum ImportSamples {
    static let rows = [
        #"{"prompt":"What is 2 + 2?","answer":"4","n":1e3}"#,
        #"{"id":7,"prompt":[{"role":"system","content":"Be brief."},"#
            + #"{"role":"user","content":"Hi"}]}"#,
        #"{"key":"k1","messages":[{"role":"user","content":[{"type":"text","text":"é\u00e9"}]}]}"#,
        #"{"task_id":"a/b","question":"Why?","meta":{"deep":[1,2.50,{"x":null}],"t":true}}"#,
        #"{"prompt":"p","chosen":"yes","rejected":"no"}"#,
        #"{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"#
            + #""rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}"#,
        #"{"prompt":" q ","chosen":[{"role":"user","content":"q"},{"role":"assistant","#
            + #""content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","#
            + #""content":"b"}]}"#,
        #"{"prompt":"p","completions":["a",{"text":"b","label":"x","reward":-0.5},"#
            + #"{"completion":"c","label":3}]}"#,
        #"{"uid":"u","messages":[],"tool":"\ud83d\ude00"}"#, #"[1,2]"#, "", "   ", "not JSON",
    ]

    static let lines = rows.map { Array($0.utf8) } + [Array(rows.joined(separator: "\n").utf8)]

    /// Rows with completions, of each shape that is adopted.
    static let adopted = [
        #"{"prompt":"p","ref_completions":["a","b"],"ref_rewards":[1.5,-2e3]}"#,
        #"{"ref_completions":[{"role":"user","content":"q"},{"role":"assistant","#
            + #""content":"[\"x\", null]"}],"ref_rewards":[1,null]}"#,
        #"{"id":"k","prompt":"p","completion":"a","reward":0.5,"finish_reason":"stop"}"#,
        #"{"prompt":"p","completions":["a",{"text":"b","reward":1,"usage":"#
            + #"{"completion_tokens":3}},[{"role":"assistant","content":"c"}],{"error":"e"}]}"#,
        #"{"id":"d","text":"p","metadata":{"rollout_results":[{"text":"a","finish_reason":"#
            + #""length"},{"error":"no"}],"u":1}}"#,
        #"{"responses_create_params":{"input":[{"role":"user","content":"q"}],"tools":[]},"#
            + #""response":{"output":[{"type":"message","role":"assistant","content":"#
            + #"[{"type":"output_text","text":"a"}]}]},"reward":1}"#,
    ].map { Array($0.utf8) }

    static let packed: [[UInt8]] = {
        let all = rows.joined(separator: "\n")
        let one = pack(Array(all.utf8))
        let zeros = pack([UInt8](repeating: 32, count: 2_000_000))
        return [one, one + pack(Array(rows[0].utf8)), zeros, pack([]), Array(all.utf8)]
    }()

    /// A file that the inputs are written to, one after the other; in memory where there is such
    /// a folder. Its name is gone at once, so that it goes with the process.
    static let file = Mutex(unnamedFile())

    private static func unnamedFile() -> FileHandle? {
        let folder = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
        let path = "\(folder)/ogive-fuzz-\(UUID().uuidString)"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return FileHandle(forUpdatingAtPath: path)
    }

    private static func pack(_ bytes: [UInt8]) -> [UInt8] {
        do throws(CommandError) {
            var deflater = try GzipDeflater()
            return deflater.pack(bytes, isLast: true)
        } catch {
            return []
        }
    }
}
