internal import FoundationEssentials

/// An address that only this machine can reach: nothing else is allowed without keys.
package struct TransportEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// The side of the address that is taken.
    package enum Side: Sendable {
        /// The coordinator's: the port may be `*`, and the system chooses one.
        case listen
        /// A worker's.
        case connect
    }

    /// Linux keeps the path of a socket in 108 bytes, the last of which is 0.
    package static let pathBytesMax = 107

    /// The address as ZeroMQ takes it.
    package let text: String

    package var description: String { text }

    /// Checks an address; throws `invalidEndpoint`, `insecureEndpoint`, `addressInUse`.
    package init(_ text: String, for side: Side) throws(TransportError) {
        if let path = text.after("ipc://") {
            try Self.check(path: path, of: text, for: side)
            self.text = text
        } else if let address = text.after("tcp://") {
            self.text = try Self.loopback(address, of: text, for: side)
        } else {
            throw TransportError(
                .invalidEndpoint, "`\(text)` is no address of a coordinator: \(Self.allowed)")
        }
    }

    private static let allowed =
        "until keys are configured, write tcp://127.0.0.1:PORT or ipc://PATH"

    private static func check(
        path: String, of text: String, for side: Side
    ) throws(TransportError) {
        // `@name` has no file whose permissions would say who may connect.
        guard !path.isEmpty, !path.hasPrefix("*"), !path.hasPrefix("@"),
            !path.utf8.contains(0)
        else {
            throw TransportError(
                .invalidEndpoint, "`\(text)` lacks the path of a socket: \(allowed)")
        }
        guard path.utf8.count <= pathBytesMax else {
            throw TransportError(
                .invalidEndpoint,
                "the path of `\(text)` has \(path.utf8.count) bytes, and the system allows"
                    + " \(pathBytesMax): choose a shorter one")
        }
        guard side == .listen else { return }
        // Listening replaces a socket that a dead process left, and would replace any file.
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let type = attributes?[.type] as? FileAttributeType, type != .typeSocket {
            throw TransportError(
                .addressInUse,
                "`\(path)` exists and is not a socket: remove it or choose another path")
        }
    }

    private static func loopback(
        _ address: String, of text: String, for side: Side
    ) throws(TransportError) -> String {
        guard let colon = address.lastIndex(of: ":") else {
            throw TransportError(.invalidEndpoint, "`\(text)` lacks a port: \(allowed)")
        }
        let host = address[..<colon]
        let port = address[address.index(after: colon)...]
        let isChosen = side == .listen && (port == "*" || port == "0")
        guard isChosen || isPort(port) else {
            let star = side == .listen ? ", or * for one that the system chooses" : ""
            throw TransportError(
                .invalidEndpoint, "the port of `\(text)` must be a number in 1...65535\(star)")
        }
        guard host == "localhost" || isLoopback(host) else {
            throw TransportError(
                .insecureEndpoint,
                "`\(text)` can be reached from other machines, and nothing would keep strangers"
                    + " out: \(allowed)")
        }
        return "tcp://\(host == "localhost" ? "127.0.0.1" : host):\(isChosen ? "*" : port)"
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (UInt16(text) ?? 0) > 0
    }

    /// Whether the text is an address in 127.0.0.0/8, written out in full.
    private static func isLoopback(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part) != nil
            }
    }
}

extension String {
    /// What follows a prefix; `nil` without it.
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
