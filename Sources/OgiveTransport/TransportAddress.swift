internal import FoundationEssentials

/// An address of a coordinator. Without keys only one that this machine alone can reach is allowed.
package struct TransportAddress: Hashable, Sendable, CustomStringConvertible {
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

    /// Whether it is an address of IP version 6.
    package var isIPv6: Bool { text.hasPrefix("tcp://[") }

    /// Checks an address; throws `invalidAddress`, `insecureAddress`, `addressInUse`.
    package init(
        _ text: String, for side: Side, hasKeys: Bool = false
    ) throws(TransportError) {
        if let path = text.after("ipc://") {
            try Self.check(path: path, of: text, for: side)
            self.text = text
        } else if let address = text.after("tcp://") {
            self.text = try Self.check(address, of: text, for: side, hasKeys: hasKeys)
        } else {
            throw TransportError(
                .invalidAddress, "`\(text)` is no address of a coordinator: \(Self.allowed)")
        }
    }

    private static let allowed =
        "write tcp://127.0.0.1:PORT or ipc://PATH; with keys (see `ogive keys --help`),"
        + " also tcp://HOST:PORT"

    private static func check(
        path: String, of text: String, for side: Side
    ) throws(TransportError) {
        // `@name` has no file whose permissions would say who may connect.
        guard !path.isEmpty, !path.hasPrefix("*"), !path.hasPrefix("@"),
            !path.utf8.contains(0)
        else {
            throw TransportError(
                .invalidAddress, "`\(text)` lacks the path of a socket: \(allowed)")
        }
        guard path.utf8.count <= pathBytesMax else {
            throw TransportError(
                .invalidAddress,
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

    private static func check(
        _ address: String, of text: String, for side: Side, hasKeys: Bool
    ) throws(TransportError) -> String {
        guard let colon = address.lastIndex(of: ":") else {
            throw TransportError(.invalidAddress, "`\(text)` lacks a port: \(allowed)")
        }
        let host = address[..<colon]
        let port = address[address.index(after: colon)...]
        let isChosen = side == .listen && (port == "*" || port == "0")
        guard isChosen || isPort(port) else {
            let star = side == .listen ? ", or * for one that the system chooses" : ""
            throw TransportError(
                .invalidAddress, "the port of `\(text)` must be a number in 1...65535\(star)")
        }
        guard host == "localhost" || isLoopback(host) || hasKeys else {
            throw TransportError(
                .insecureAddress,
                "`\(text)` can be reached from other machines, and nothing would keep"
                    + " unknown clients out: \(allowed)")
        }
        guard isHost(host) || host == "*" && side == .listen else {
            throw TransportError(
                .invalidAddress,
                "the host of `\(text)` must be a name, an address, or one of version 6 in brackets"
                    + (side == .listen ? "; * is all of this machine's" : ""))
        }
        return "tcp://\(host == "localhost" ? "127.0.0.1" : host):\(isChosen ? "*" : port)"
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && (UInt16(text) ?? 0) > 0
    }

    /// Whether the text may name a host: no other part of ZeroMQ's addresses gets through.
    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inside = host.dropFirst().dropLast()
            return !inside.isEmpty
                && inside.utf8.allSatisfy { byte in
                    isLetterOrDigit(byte) || ":.%".utf8.contains(byte)
                }
        }
        return !host.isEmpty
            && host.utf8.allSatisfy { isLetterOrDigit($0) || ".-_".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
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
