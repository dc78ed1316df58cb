internal import FoundationEssentials
internal import OgiveCore

/// The bounds of the wire. Encoders and decoders both hold to them: what one side sends the other
/// takes. The proto file states them too.
package enum WireLimits {
    /// Most bytes of an envelope.
    package static let messageBytes = 32 << 20
    /// Most bytes of one completion, prompt, turn or metadata object.
    package static let textBytes = PromptLimits.textBytes
    /// Most items of a lease, a held lease or a part of a result.
    package static let items = 16_384
    /// Most leases that a `Hello`, a `Welcome` or a `Returned` names, and most parts of results
    /// that an `Ack` does.
    package static let leases = 65_536
    /// Most bytes of a name: of a worker, version, model, adapter or role.
    package static let nameBytes = PromptLimits.nameBytes
    /// Most bytes of a prompt's key.
    package static let keyBytes = PromptLimits.keyBytes
    /// Most bytes of a reason or of a failure's message; longer ones are cut by the sender.
    package static let reasonBytes = 16 << 10
    /// Most tokens of one completion.
    package static let tokens = PossibleLogProbability.tokensMax
    /// Most bytes of a run's specification.
    package static let specBytes = 4 << 20
    /// Most turns of a conversation.
    package static let turns = PromptLimits.turns
    /// Most policies, and most scorers, that a worker offers.
    package static let models = 1_024
    /// Most bytes of the texts of all models of an offer.
    package static let offerBytes = 64 << 10
    /// Most facts of a fingerprint.
    package static let facts = 256
    /// Most bytes of a fact's value.
    package static let factBytes = 16 << 10
    /// Most items of the results or leases of an envelope, all together, those of the claims among
    /// them: a byte becomes a hundred once decoded.
    package static let itemsAtOnce = 1 << 17
    /// Most leases that one `Hello` or `Credit` asks for.
    package static let credit = 1 << 20
    /// Most elements of repeated fields in an envelope, all together: bounds the memory that a
    /// message of many tiny elements takes once decoded.
    package static let elements = 1 << 20
    /// Most bytes of the address of an endpoint, and of what it serves; cut by the sender.
    package static let endpointBytes = 4 << 10
    /// Most parts of a reward.
    package static let parts = ScorerSpec.partsMax
    /// The longest duration.
    package static let durationMax = Duration.seconds(366 * 86_400)
}

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

/// Counts the elements of an encoded envelope before it is decoded.
///
/// A protobuf message of two bytes becomes a value of a hundred: 32 MiB of empty elements would
/// take gigabytes. The walk goes only where the proto file has repeated fields, so the content of
/// texts is passed over.
struct ElementCount {
    /// The messages that hold repeated fields, or messages that do.
    private enum Shape {
        case envelope, hello, held, results, result, claim, columns, model, serve, leases, lease
        case prompt
        /// Two columns: of kinds, of a byte each, and of indexes, of up to five.
        case names
        /// Its fields count, what they hold does not.
        case flat

        /// What the field of this number holds; `nil` when it need not be walked.
        func inner(_ field: UInt64) -> Shape? {
            switch (self, field) {
            case (.envelope, 10): .hello
            case (.envelope, 17): .results
            case (.results, 1): .result
            case (.leases, 1): .lease
            case (.envelope, 13), (.envelope, 14), (.envelope, 30), (.envelope, 33): .flat
            case (.envelope, 31): .serve
            case (.envelope, 41): .leases
            case (.hello, 3), (.hello, 4): .model
            case (.hello, 6): .held
            case (.held, 5), (.result, 6): .claim
            case (.result, 7): .columns
            case (.held, 7), (.claim, 7), (.columns, 1), (.lease, 8): .names
            // Fingerprints, which have facts; chats, which have turns.
            case (.model, 3), (.serve, 5), (.serve, 6), (.prompt, 3): .flat
            case (.lease, 3): .prompt
            default: nil
            }
        }

        /// How many elements a field of so many bytes is, beside itself.
        func elements(_ field: UInt64, _ length: Int) -> Int {
            switch (self, field) {
            case (.names, 1): length
            case (.names, 2): length / 5
            default: 0
            }
        }
    }

    private let bytes: [UInt8]
    private let elementsMax: Int
    private var count = 0

    /// Throws `tooLarge` when an envelope has more than `max` elements, `malformed` when it ends
    /// within one.
    static func check(_ bytes: [UInt8], max: Int = WireLimits.elements) throws(WireError) {
        var walk = ElementCount(bytes: bytes, elementsMax: max)
        try walk.pass(0..<bytes.count, as: .envelope)
    }

    private init(bytes: [UInt8], elementsMax: Int) {
        self.bytes = bytes
        self.elementsMax = elementsMax
    }

    /// Walks the fields of one message. The depth is that of `Shape`, at most five.
    private mutating func pass(_ range: Range<Int>, as shape: Shape) throws(WireError) {
        var position = range.lowerBound
        while position < range.upperBound {
            count += 1
            guard count <= elementsMax else {
                throw WireError(.tooLarge, "message of more than \(elementsMax) elements")
            }
            let tag = try varint(&position, end: range.upperBound)
            switch tag & 7 {
            case 0: _ = try varint(&position, end: range.upperBound)
            case 1: try skip(8, &position, end: range.upperBound)
            case 2:
                let length = try varint(&position, end: range.upperBound)
                let start = position
                try skip(length, &position, end: range.upperBound)
                count += shape.elements(tag >> 3, position - start)
                guard count <= elementsMax else {
                    throw WireError(.tooLarge, "message of more than \(elementsMax) elements")
                }
                if let inner = shape.inner(tag >> 3) { try pass(start..<position, as: inner) }
            case 5: try skip(4, &position, end: range.upperBound)
            // The marks of a group, which the proto file has none of: the decoder judges them.
            default: break
            }
        }
    }

    private func varint(_ position: inout Int, end: Int) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) where position < end {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw WireError(.malformed, "message of \(bytes.count) bytes ends within a number")
    }

    private func skip(
        _ length: UInt64, _ position: inout Int, end: Int
    ) throws(WireError) {
        guard length <= UInt64(end - position) else {
            throw WireError(.malformed, "message of \(bytes.count) bytes ends within a field")
        }
        position += Int(length)
    }
}
