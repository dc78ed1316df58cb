package import OgiveCore

/// Splits a task's results into parts that each fit one message.
package struct ResultSplitter: Sendable {
    /// Bytes for the header and all of the claim but its items: more than they can take.
    private static let envelopeBytes = 384
    /// Bytes of the name of an item in the claim: more than it can take.
    private static let nameBytes = 12
    /// Bytes for all of an item but its texts: more than they can take.
    private static let itemBytes = 192
    /// Bytes of a token: its id and its log-probability.
    private static let tokenBytes = 9

    private let messageBytesMax: Int
    private let itemsMax: Int

    /// Splits at these bounds; at least 1 KiB and one item.
    package init(
        messageBytesMax: Int = WireLimits.messageBytes, itemsMax: Int = WireLimits.items
    ) {
        self.messageBytesMax = max(1024, messageBytesMax)
        self.itemsMax = max(1, itemsMax)
    }

    /// The items of each part, in order, where these are the results of all items of a lease; at
    /// least one part.
    ///
    /// An item that fits no message of its own becomes a `tooLarge` failure, without its
    /// completion, whose message says the size.
    package func split(_ items: [ItemResult]) -> [[ItemResult]] {
        var parts: [[ItemResult]] = []
        var part: [ItemResult] = []
        var size = 0
        // Each part names all items of its lease.
        let room = messageBytesMax - Self.envelopeBytes - items.count * Self.nameBytes
        for item in items {
            let item = carriable(item, room)
            let itemSize = self.size(of: item)
            if !part.isEmpty, size + itemSize > room || part.count == itemsMax {
                parts.append(part)
                part = []
                size = 0
            }
            part.append(item)
            size += itemSize
        }
        if parts.isEmpty || !part.isEmpty { parts.append(part) }
        return parts
    }

    /// No less than the item takes in an envelope.
    private func size(of item: ItemResult) -> Int {
        let text = item.completion?.content.byteCount ?? 0
        let message = item.failure.map { min($0.message.utf8.count, WireLimits.reasonBytes) } ?? 0
        return Self.itemBytes + text + message + tokens(of: item) * Self.tokenBytes
            + 8 * item.parts.count
    }

    /// The longest list of tokens that the item carries.
    private func tokens(of item: ItemResult) -> Int {
        [
            item.completion?.tokenIDs?.count, item.completion?.tokenLogProbabilities?.count,
            item.logProbability?.tokenIDs?.count, item.logProbability?.tokenValues?.count,
        ].compactMap(\.self).max() ?? 0
    }

    private func carriable(_ item: ItemResult, _ room: Int) -> ItemResult {
        let text = item.completion?.content.byteCount ?? 0
        let tokens = tokens(of: item)
        guard
            text > WireLimits.textBytes || tokens > WireLimits.tokens || size(of: item) > room
        else { return item }
        var failed = item
        failed.completion = nil
        failed.reward = nil
        failed.logProbability = nil
        failed.parts = []
        let textMax = min(WireLimits.textBytes, room - Self.itemBytes)
        let message =
            if tokens > 0 {
                "the completion has \(text) bytes and \(tokens) tokens, more than a message of "
                    + "\(messageBytesMax) bytes carries: lower max_tokens, or set `logprobs: sum`"
            } else if text > 0 {
                "the completion has \(text) bytes, and a message carries at most \(textMax):"
                    + " lower max_tokens"
            } else {
                "the failure's message does not fit a message of \(messageBytesMax) bytes"
            }
        let stage: Failure.Stage =
            item.name.kind == .candidateLogProbability ? .logProbability : .sampling
        failed.failure = Failure(
            stage: text + tokens > 0 ? stage : item.failure?.stage ?? .scoring, code: .tooLarge,
            message: message, attempts: item.failure?.attempts ?? 1)
        return failed
    }
}
