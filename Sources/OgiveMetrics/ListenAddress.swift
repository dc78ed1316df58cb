internal import NIOCore

/// Where the monitoring pages are served: an address of this machine and a port.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address, in digits.
    package let host: String
    /// The port; 0 is one that the system chooses.
    package let port: Int

    /// Reads `HOST:PORT`, as `127.0.0.1:9464` or `[::1]:9464`; `nil` for everything else, names
    /// included: a name may come to mean another address than was meant.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard let address = try? SocketAddress(ipAddress: String(host), port: Int(port)),
            let digits = address.ipAddress
        else { return nil }
        self.host = digits
        self.port = Int(port)
    }

    /// The same host with a port so many above.
    package func advanced(by count: Int) -> ListenAddress? {
        port == 0 ? self : ListenAddress(text(port + count))
    }

    /// Whether only this machine reaches it.
    package var isLoopback: Bool { host.hasPrefix("127.") && !host.contains(":") || host == "::1" }

    package var description: String { text(port) }

    private func text(_ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
