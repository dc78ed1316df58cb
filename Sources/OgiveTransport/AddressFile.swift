internal import FoundationEssentials
internal import Glibc

/// Where a coordinator listens, and the key that it proves itself with.
package struct CoordinatorAddress: Hashable, Sendable {
    /// The address as workers connect to it.
    package var text: String
    /// Its public key; `nil` when nobody says, or it has none.
    package var key: PublicKey?

    /// Joins both.
    package init(_ text: String, key: PublicKey? = nil) {
        self.text = text
        self.key = key
    }

    /// A bound address as this machine's own processes reach it.
    package static func local(_ bound: String) -> String {
        named(bound, host: "127.0.0.1", hostOf6: "[::1]")
    }

    /// A bound address as other machines reach it: one of all interfaces gets the host's name.
    package static func shared(_ bound: String, host: String) -> String {
        named(bound, host: host, hostOf6: host)
    }

    private static func named(_ bound: String, host: String, hostOf6: String) -> String {
        for (all, name) in [("*", host), ("0.0.0.0", host), ("[::]", hostOf6)] {
            let prefix = "tcp://\(all):"
            if bound.hasPrefix(prefix) { return "tcp://\(name):\(bound.dropFirst(prefix.count))" }
        }
        return bound
    }
}

/// A file in which a coordinator that leads keeps its address and its public key, for workers that
/// share a folder with it: lines `address TEXT` and `public DIGITS`, and remarks behind `#`.
package struct AddressFile: Hashable, Sendable {
    /// Where it is.
    package let path: String

    /// Names the file.
    package init(_ path: String) {
        self.path = path
    }

    /// What stands in the file; `nil` when there is none. Throws `key` when it cannot be read, or
    /// holds something else.
    package func read() throws(TransportError) -> CoordinatorAddress? {
        guard FileStatus(path: path) != nil else { return nil }
        let text = try SmallFile(path).text
        var found: CoordinatorAddress?
        var key: PublicKey?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let words = line.split(separator: " ")
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            switch (first, words.count) {
            case ("address", 2) where found == nil: found = CoordinatorAddress(String(words[1]))
            case ("public", 2) where key == nil && PublicKey(words[1]) != nil:
                key = PublicKey(words[1])
            default:
                throw TransportError(
                    .key,
                    "\(path), line \(index + 1): expected `address TEXT` or `public DIGITS`, once"
                        + " each: is it the file that `coordinator.address_file` names?")
            }
        }
        guard var found else {
            throw TransportError(.key, "\(path) holds no line `address TEXT`")
        }
        found.key = key
        return found
    }

    /// Puts a file with the address in place of the former one, in one step: nobody reads half of
    /// it. Throws `key` when it cannot be written.
    package func write(_ address: CoordinatorAddress) throws(TransportError) {
        var text = "# Where Ogive's coordinator listens: `worker.connect: file:PATH` reads it.\n"
        text += "address \(address.text)\n"
        if let key = address.key { text += "public \(key.text)\n" }
        let next = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        try SmallFile.create(next, text, mode: 0o644)
        // Sound: two terminated paths; nothing is kept of them.
        guard unsafe rename(next, path) == 0 else {
            let error = TransportError.file("cannot write", path)
            // Sound: as above.
            unsafe unlink(next)
            throw error
        }
    }
}

/// Where a worker looks for a coordinator.
package enum CoordinatorPlace: Hashable, Sendable, CustomStringConvertible {
    /// At an address.
    case address(String)
    /// At the address that a file holds now.
    case file(AddressFile)

    /// What a place in a file begins with.
    package static let filePrefix = "file:"

    /// Reads `file:PATH` or an address, which is checked when it is connected to.
    package init(_ text: String) {
        self =
            text.hasPrefix(Self.filePrefix)
            ? .file(AddressFile(String(text.dropFirst(Self.filePrefix.count)))) : .address(text)
    }

    /// The address there; `nil` when the file is not written yet. Throws `key`.
    package func find() throws(TransportError) -> CoordinatorAddress? {
        switch self {
        case .address(let text): CoordinatorAddress(text)
        case .file(let file): try file.read()
        }
    }

    package var description: String {
        switch self {
        case .address(let text): text
        case .file(let file): Self.filePrefix + file.path
        }
    }
}
