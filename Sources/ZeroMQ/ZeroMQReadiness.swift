/// What a socket may be polled for.
package struct ZeroMQEvents: OptionSet, Sendable {
    /// libzmq's bits.
    package let rawValue: Int16

    /// Takes libzmq's bits.
    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    /// A message can be received.
    package static let readable = ZeroMQEvents(rawValue: 1)
    /// A message can be sent.
    package static let writable = ZeroMQEvents(rawValue: 2)
}

/// What a poll found; all empty when the time was up or a signal came in between.
package struct ZeroMQReadiness: Sendable, Equatable {
    /// What the socket is ready for.
    package let events: ZeroMQEvents
    /// Which wake descriptors are signalled, in the order in which they were given.
    package let woken: [Bool]
}
