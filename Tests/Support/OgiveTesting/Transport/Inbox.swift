/// Takes messages one by one out of the batches of a transport.
struct Inbox<Message: Sendable, Incoming: AsyncSequence<[Message], Never>> {
    private var iterator: Incoming.AsyncIterator
    private var rest: ArraySlice<Message> = []

    init(_ incoming: Incoming) {
        iterator = incoming.makeAsyncIterator()
    }

    /// The next message; throws at the end.
    mutating func next() async throws(ConformanceFailure) -> Message {
        while rest.isEmpty {
            guard let batch = await iterator.next(isolation: #isolation) else {
                throw ConformanceFailure("the messages ended before all had come")
            }
            try ConformanceFailure.require(!batch.isEmpty, "a batch was empty")
            rest = batch[...]
        }
        return rest.removeFirst()
    }

    /// The next messages; throws when there are fewer.
    mutating func next(_ count: Int) async throws(ConformanceFailure) -> [Message] {
        var messages: [Message] = []
        while messages.count < count { messages.append(try await next()) }
        return messages
    }

    /// Throws unless nothing more comes and the end does.
    mutating func end() async throws(ConformanceFailure) {
        try ConformanceFailure.require(
            rest.isEmpty, "a message came where the end was expected: \(rest)")
        let batch = await iterator.next(isolation: #isolation)
        try ConformanceFailure.require(
            batch == nil, "a message came where the end was expected")
    }
}
