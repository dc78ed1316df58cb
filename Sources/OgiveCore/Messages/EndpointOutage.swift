/// An endpoint of a model that gets no requests for now, as its worker sees it.
package struct EndpointOutage: Hashable, Sendable {
    /// What it serves: `policy` or `scorer`, the adapter and the model.
    package var model: String
    /// Its address.
    package var endpoint: String
    /// The kind of failure that shut it.
    package var code: ModelError.Code
    /// What the server said, or did not say.
    package var message: String
    /// For how long no request was answered, when this was said.
    package var lasting: Duration

    /// Most that a worker tells of; those beyond are left out.
    package static let most = 256

    /// Joins the parts.
    package init(
        model: String, endpoint: String, code: ModelError.Code, message: String, lasting: Duration
    ) {
        self.model = model
        self.endpoint = endpoint
        self.code = code
        self.message = message
        self.lasting = lasting
    }

    /// Whether both say the same, but for the time that went by.
    package func isSame(as other: EndpointOutage) -> Bool {
        var other = other
        other.lasting = lasting
        return self == other
    }
}

extension [EndpointOutage] {
    /// Whether both lists say the same, but for the time that went by.
    package func isSame(as other: Self) -> Bool {
        elementsEqual(other) { $0.isSame(as: $1) }
    }

    /// The first ones whose texts have no more bytes together, each text at most a quarter of them.
    func bounded(toBytes bytesMax: Int) -> Self {
        var bounded: Self = []
        var bytes = 0
        for var outage in self {
            outage.model = outage.model.cut(toBytes: bytesMax / 4)
            outage.endpoint = outage.endpoint.cut(toBytes: bytesMax / 4)
            outage.message = outage.message.cut(toBytes: bytesMax / 4)
            bytes += outage.model.utf8.count + outage.endpoint.utf8.count
            bytes += outage.message.utf8.count
            guard bytes <= bytesMax else { break }
            bounded.append(outage)
        }
        return bounded
    }

    /// The same list after some time.
    package func aged(by time: Duration) -> Self {
        map { outage in
            var outage = outage
            outage.lasting += time
            return outage
        }
    }
}
