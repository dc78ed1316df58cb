/// Checks what libzmq 4.3.4 does not: it takes a port modulo 65 536 and binds to another one.
enum TCPEndpoint {
    /// Throws `invalidEndpoint` when a `tcp` endpoint does not end in a port; `*` and 0, a port of
    /// the system's choice, are for binding only.
    static func checkPort(_ endpoint: String, binding: Bool) throws(ZeroMQError) {
        guard endpoint.hasPrefix("tcp://") else { return }
        let port = endpoint.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        if binding, port == "*" { return }
        guard port.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt16(port), number > 0 || binding
        else {
            throw .invalidEndpoint(endpoint, key: binding ? "listen" : "connect", cause: nil)
        }
    }
}
