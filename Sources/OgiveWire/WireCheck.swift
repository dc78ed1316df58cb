internal import FoundationEssentials
internal import OgiveCore

/// The bounds that decoders apply to single fields. `field` is the field's path in the proto file.
enum WireCheck {
    /// Passes a text that is not too long.
    static func text(
        _ text: String, _ field: String, max bytesMax: Int
    ) throws(WireError) -> String {
        guard text.utf8.count <= bytesMax else {
            throw WireError(
                .tooLarge, "\(field) has \(text.utf8.count) bytes; at most \(bytesMax) are allowed")
        }
        return text
    }

    /// Passes a text that is not too long and that the database can hold as it is: what is compared
    /// with what is stored must not be changed on the way.
    static func stored(
        _ text: String, _ field: String, max bytesMax: Int
    ) throws(WireError) -> String {
        guard !text.utf8.contains(0) else {
            throw WireError(.invalidValue, "\(field) has the character U+0000")
        }
        return try Self.text(text, field, max: bytesMax)
    }

    /// Passes a list that is not too long.
    static func list<Element>(
        _ list: [Element], _ field: String, max countMax: Int
    ) throws(WireError) -> [Element] {
        guard list.count <= countMax else {
            throw WireError(
                .tooLarge,
                "\(field) has \(list.count) entries; at most \(countMax) are allowed")
        }
        return list
    }

    /// Passes a list of messages, each converted; an error says which one is wrong.
    static func each<Message: WireConvertible>(
        _ list: [Message.Wire], _ field: String, max countMax: Int
    ) throws(WireError) -> [Message] {
        let list = try Self.list(list, field, max: countMax)
        var messages: [Message] = []
        messages.reserveCapacity(list.count)
        for index in list.indices {
            do throws(WireError) {
                messages.append(try Message(wire: list[index]))
            } catch {
                var error = error
                error.message = "\(field)[\(index)]: " + error.message
                throw error
            }
        }
        return messages
    }

    /// Passes what proves a lease.
    static func proof(_ bytes: Data, _ field: String) throws(WireError) -> SHA256Digest {
        guard let proof = SHA256Digest(bytes: Array(bytes)) else {
            throw WireError(
                .invalidValue,
                "\(field) has \(bytes.count) bytes, not \(SHA256Digest.byteCount)")
        }
        return proof
    }

    /// Refuses a message whose field `field` is absent.
    static func present(_ isPresent: Bool, _ field: String) throws(WireError) {
        guard isPresent else { throw WireError(.missingField, "\(field) is missing") }
    }

    /// Passes a number within its range.
    static func number(
        _ number: UInt32, _ field: String, max: Int = Int(Int32.max)
    ) throws(WireError) -> Int {
        guard Int(number) <= max else {
            throw WireError(.invalidValue, "\(field) is \(number); at most \(max) is allowed")
        }
        return Int(number)
    }

    /// Passes a finite number.
    static func finite(_ number: Double, _ field: String) throws(WireError) -> Double {
        guard number.isFinite else {
            throw WireError(.invalidValue, "\(field) is \(number); it must be finite")
        }
        return number
    }

    /// Passes tokens; `nil` when there are none.
    static func tokens(_ tokens: [UInt32], _ field: String) throws(WireError) -> [Int32]? {
        if tokens.isEmpty { return nil }
        return try list(tokens, field, max: WireLimits.tokens).map { (id) throws(WireError) in
            Int32(try number(id, field))
        }
    }

    /// Passes the finite values of tokens; `nil` when there are none.
    static func values(_ values: [Float], _ field: String) throws(WireError) -> [Double]? {
        if values.isEmpty { return nil }
        return try list(values, field, max: WireLimits.tokens).map { (value) throws(WireError) in
            try finite(Double(value), field)
        }
    }

    /// Passes a duration of at least `least` nanoseconds.
    static func duration(
        _ nanoseconds: Int64, _ field: String, least: Int64 = 0
    ) throws(WireError) -> Duration {
        let duration = Duration.nanoseconds(nanoseconds)
        guard nanoseconds >= least, duration <= WireLimits.durationMax else {
            throw WireError(
                .invalidValue,
                "\(field) is \(nanoseconds); it must be in \(least)...\(WireLimits.durationMax)")
        }
        return duration
    }
}
