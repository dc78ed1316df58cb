package import OgiveCore

/// Splits a task's results into parts that each fit one message.
package struct ResultSplitter: Sendable {
    /// Bytes for the header, the lease's name and the ids: more than they can take.
    private static let envelopeBytes = 256
    /// Bytes for all of an item but its texts: more than they can take.
    private static let itemBytes = 192

    private let messageBytesMax: Int
    private let itemsMax: Int

    /// Splits at these bounds; at least 1 KiB and one item.
    package init(
        messageBytesMax: Int = WireLimits.messageBytes, itemsMax: Int = WireLimits.items
    ) {
        self.messageBytesMax = max(1024, messageBytesMax)
        self.itemsMax = max(1, itemsMax)
    }

    /// The parts, numbered upwards from `result.part`; at least one.
    ///
    /// Items keep their order. One that fits no message of its own becomes a `tooLarge` failure,
    /// without its completion, whose message tells the size.
    package func split(_ result: TaskResult) -> [TaskResult] {
        var parts: [TaskResult] = []
        var part = result
        part.items = []
        var size = 0
        for item in result.items {
            let item = carriable(item)
            let itemSize = self.size(of: item)
            if !part.items.isEmpty, size + itemSize > room || part.items.count == itemsMax {
                parts.append(part)
                part.part += 1
                part.items = []
                size = 0
            }
            part.items.append(item)
            size += itemSize
        }
        if parts.isEmpty || !part.items.isEmpty { parts.append(part) }
        return parts
    }

    private var room: Int { messageBytesMax - Self.envelopeBytes }

    /// No less than the item takes in an envelope.
    private func size(of item: ItemResult) -> Int {
        let text = item.completion?.text.utf8.count ?? 0
        let message = item.failure.map { min($0.message.utf8.count, WireLimits.reasonBytes) } ?? 0
        return Self.itemBytes + text + message
    }

    private func carriable(_ item: ItemResult) -> ItemResult {
        let text = item.completion?.text.utf8.count ?? 0
        guard text > WireLimits.textBytes || size(of: item) > room else { return item }
        var failed = item
        failed.completion = nil
        failed.reward = nil
        let textMax = min(WireLimits.textBytes, room - Self.itemBytes)
        let told =
            text > 0
            ? "the completion has \(text) bytes, and a message carries at most \(textMax):"
                + " lower max_tokens"
            : "the failure's message does not fit a message of \(messageBytesMax) bytes"
        failed.failure = Failure(
            stage: text > 0 ? .sampling : item.failure?.stage ?? .scoring, code: .tooLarge,
            message: told, attempts: item.failure?.attempts ?? 1)
        return failed
    }
}
