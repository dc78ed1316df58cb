internal import Subprocess
internal import Synchronization

/// The end of what a subprocess wrote to standard error.
final class LastLines: Sendable {
    /// Most bytes kept.
    static let bytesMax = 2_000

    private let bytes = Mutex<[UInt8]>([])

    /// Reads until the stream ends.
    func read(_ output: SubprocessOutputSequence) async {
        do {
            for try await buffer in output {
                // The bytes are copied while the buffer is alive.
                let part = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
                bytes.withLock { $0 = Array(($0 + part).suffix(Self.bytesMax)) }
            }
        } catch {
            append("(standard error could not be read: \(error))")
        }
    }

    /// What was kept, on one line.
    var text: String {
        let text = String(decoding: bytes.withLock { $0 }, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).suffix(20).joined(separator: " ⏎ ")
    }

    private func append(_ text: String) {
        bytes.withLock { $0 = Array(($0 + Array(text.utf8)).suffix(Self.bytesMax)) }
    }
}
