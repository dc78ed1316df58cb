import OgiveCore
import OgiveWire
import Testing

/// Bytes that are wrong in a known way, each with the error that it must give.
@Suite(.timeLimit(.minutes(10))) struct DecoderTests {
    static let worker: [UInt8] = [0x22, 0x10, 0x80] + [UInt8](repeating: 1, count: 15)
    static let header: [UInt8] = [0x0D, 0x4F, 0x47, 0x56, 0x45, 0x10, 0x03] + worker

    /// A field of that number that holds `content`.
    static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        var length = content.count
        var bytes = varint(number << 3 | 2)
        repeat {
            bytes.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        return bytes + content
    }

    static func varint(_ number: Int) -> [UInt8] {
        number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + varint(number >> 7)
    }

    static func field(_ number: Int, varint value: Int) -> [UInt8] {
        varint(number << 3) + varint(value)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var code: WireError.Code
        var testDescription: String { name }

        init(_ name: String, _ bytes: [UInt8], _ code: WireError.Code) {
            self.name = name
            self.bytes = bytes
            self.code = code
        }
    }

    /// A model with one fact.
    static func fact(_ value: String, _ name: String) -> [UInt8] {
        field(3, field(1, field(1, Array(name.utf8)) + field(2, Array(value.utf8))))
    }

    static let lease = field(1, field(1, varint: 1))
    static let nan: [UInt8] = [0, 0, 0, 0, 0, 0, 0xF8, 0x7F]
    static let infinity: [UInt8] = [0, 0, 0, 0, 0, 0, 0xF0, 0x7F]

    static let claim = field(6, lease + field(6, [UInt8](repeating: 7, count: 32)))

    /// A result with one item, whose fields are given.
    static func result(_ item: [UInt8]) -> [UInt8] {
        header + field(12, claim + field(5, item))
    }

    static let item = field(1, varint: 1)

    static let workerCases: [Case] = [
        Case("no bytes", [], .wrongMagic),
        Case("another magic", [0x0D, 0x4F, 0x47, 0x56, 0x46] + header.dropFirst(5), .wrongMagic),
        Case("a second magic", header + [0x0D, 1, 2, 3, 4] + field(13, []), .wrongMagic),
        Case("HTTP", Array("GET / HTTP/1.1\r\n\r\n".utf8), .wrongMagic),
        Case("a header alone", header, .wrongBody),
        Case("an unknown body", header + field(99, []), .wrongBody),
        Case("a coordinator's body", header + field(35, []), .wrongBody),
        Case("cut within a number", Array(header.prefix(6)), .malformed),
        Case("cut within the worker", Array(header.prefix(12)), .malformed),
        Case("cut within the body", header + [0x72, 0x09, 0x0A], .malformed),
        Case("a length over the end", header + varint(12 << 3 | 2) + [0xFF, 0x7F], .malformed),
        Case(
            "an endless number", header + [0x18] + [UInt8](repeating: 0xFF, count: 12), .malformed),
        Case("text that is not UTF-8", header + field(10, field(1, [0xFF, 0xFE])), .malformed),
        Case("no worker", header.prefix(7) + field(13, []), .invalidValue),
        Case("a worker of 15 bytes", header + field(4, [1, 2, 3]) + field(13, []), .invalidValue),
        Case("a model without fingerprint", header + field(10, field(3, [])), .missingField),
        Case("a fact with U+0000", header + field(10, field(3, fact("a\0b", "1"))), .invalidValue),
        Case(
            "a fact whose name has U+0000", header + field(10, field(4, fact("1", "\0"))),
            .invalidValue),
        Case(
            "an offer of many bytes",
            header
                + field(
                    10,
                    (0..<5).flatMap { _ in
                        field(3, fact(String(repeating: "x", count: 16_000), "1"))
                    }), .tooLarge),
        Case("a held lease without claim", header + field(10, field(6, [])), .missingField),
        Case(
            "a held lease without name", header + field(10, field(6, field(5, []))), .missingField),
        Case(
            "a proof of 31 bytes",
            header
                + field(12, field(6, lease + field(6, [UInt8](repeating: 7, count: 31)))),
            .invalidValue),
        Case("a claim without proof", header + field(12, field(6, lease)), .invalidValue),
        Case("too much credit", header + field(11, field(1, varint: 1 << 30)), .invalidValue),
        Case("a result without lease", header + field(12, []), .missingField),
        Case(
            "a part over the range", header + field(12, claim + field(4, varint: 1 << 31)),
            .invalidValue),
    ]

    /// Results whose items are wrong: who sent them, and under which lease, is known all the same.
    static let resultCases: [Case] = [
        Case(
            "a text that is not UTF-8",
            result(item + field(2, field(1, [0xFF, 0xFE]) + field(3, varint: 1))), .malformed),
        Case("an item without kind", result([]), .invalidValue),
        Case("an item of unknown kind", result(field(1, varint: 9)), .invalidValue),
        Case("an index over the range", result(item + field(10, varint: 1 << 31)), .invalidValue),
        Case("neither reward nor failure", result(item), .missingField),
        Case(
            "reward and failure",
            result(item + [0x21] + [UInt8](repeating: 0, count: 8) + field(5, [])), .invalidValue),
        Case(
            "reward and log-probability",
            result(item + [0x21] + [UInt8](repeating: 0, count: 8) + field(8, [])), .invalidValue),
        Case("a NaN sum", result(item + field(8, [0x09] + nan)), .invalidValue),
        Case(
            "a token over the range", result(item + field(8, field(3, varint(1 << 31)))),
            .invalidValue),
        Case(
            "an infinite value of a token",
            result(item + field(8, field(4, [0, 0, 0x80, 0x7F]))), .invalidValue),
        Case(
            "more tokens than a completion may have",
            result(item + field(8, field(3, [UInt8](repeating: 1, count: 1_048_577)))), .tooLarge),
        Case(
            "a seed beyond 63 bits",
            result(
                item + [0x21] + [UInt8](repeating: 0, count: 8) + [0x18]
                    + [UInt8](repeating: 0x80, count: 9) + [1]), .invalidValue),
        Case("a reward that is NaN", result(item + [0x21] + nan), .invalidValue),
        Case("an infinite reward", result(item + [0x21] + infinity), .invalidValue),
        Case(
            "an infinite log-probability",
            result(
                item + [0x21] + [UInt8](repeating: 0, count: 8)
                    + field(2, field(3, varint: 1) + [0x21] + infinity)), .invalidValue),
        Case(
            "a completion without reason",
            result(item + [0x21] + [UInt8](repeating: 0, count: 8) + field(2, [])), .invalidValue),
        Case(
            "a failure without stage", result(item + field(5, field(2, Array("timeout".utf8)))),
            .invalidValue),
        Case(
            "a failure of unknown code",
            result(item + field(5, field(1, varint: 2) + field(2, Array("other".utf8)))),
            .invalidValue),
        Case(
            "a completion that was not sampled",
            result(
                item + field(2, field(3, varint: 1))
                    + field(5, field(1, varint: 1) + field(2, Array("timeout".utf8)))),
            .invalidValue),
    ]

    @Test(arguments: resultCases)
    func whatIsWrongWithAResultIsReported(wrong: Case) throws {
        let envelope = try WorkerEnvelope(decoding: wrong.bytes)
        guard case .result(let result) = envelope.message else {
            Issue.record("no result")
            return
        }
        #expect(envelope.worker.bytes == Array(Self.worker.dropFirst(2)))
        #expect(result.name.lease.term == Term(1))
        #expect(result.items.isEmpty)
        #expect(result.fault?.isEmpty == false)
    }

    @Test(arguments: workerCases)
    func aWrongWorkerMessageIsATypedError(wrong: Case) {
        let error = #expect(throws: WireError.self) {
            _ = try WorkerEnvelope(decoding: wrong.bytes)
        }
        #expect(error?.code == wrong.code, "\(error?.message ?? "")")
        #expect(error?.message.isEmpty == false)
    }

    static let coordinatorCases: [Case] = [
        Case("a worker's body", header + field(13, []), .wrongBody),
        Case("a silent welcome", header + field(30, []), .invalidValue),
        Case(
            "an adoption without names",
            header + field(30, field(2, varint: 1) + field(3, varint: 1) + field(4, [])),
            .missingField),
        Case("a run without specification", header + field(31, []), .invalidValue),
        Case(
            "a run of deep JSON",
            header + field(31, field(4, [UInt8](repeating: 0x5B, count: 100_000))), .invalidValue),
        Case("a lease without name", header + field(32, []), .missingField),
        Case("a lease without prompt", header + field(32, lease), .missingField),
        Case(
            "seeds that overflow",
            header + field(32, lease + field(3, []) + field(4, varint: .max)), .invalidValue),
        Case("a prompt without content", header + field(32, lease + field(3, [])), .missingField),
        Case(
            "a lease without duration", header + field(32, lease + field(3, field(4, []))),
            .invalidValue),
        Case("an acknowledgement of nothing", header + field(33, []), .missingField),
        Case("a cancellation of nothing", header + field(34, []), .missingField),
        Case(
            "a reason over its bound",
            header + field(37, field(1, [UInt8](repeating: 0x61, count: 16_385))), .tooLarge),
    ]

    @Test(arguments: coordinatorCases)
    func aWrongCoordinatorMessageIsATypedError(wrong: Case) {
        let error = #expect(throws: WireError.self) {
            _ = try CoordinatorEnvelope(decoding: wrong.bytes)
        }
        #expect(error?.code == wrong.code, "\(error?.message ?? "")")
    }

    @Test func anotherVersionTellsWhoSpeaksIt() {
        let bytes = [0x0D, 0x4F, 0x47, 0x56, 0x45, 0x10, 0x09] + Self.worker + Self.field(10, [1])
        let error = #expect(throws: WireError.self) { _ = try WorkerEnvelope(decoding: bytes) }
        #expect(error?.code == .unknownVersion)
        #expect(error?.header?.version == 9)
        #expect(error?.header.map { WorkerID(bytes: $0.worker) } != nil)
        #expect(error?.message.contains("9") == true && error?.message.contains("3") == true)
    }

    /// Messages of a worker, and what is said of them; `nil` where nobody waits for an answer.
    static let unanswered: [(bytes: [UInt8], said: String?)] = [
        (
            header + field(10, field(3, field(3, [])) + field(3, [])),
            "hello.policies[1]: model.fingerprint is missing"
        ),
        (
            header + field(10, field(6, field(5, [])) + field(1, Array("name".utf8))),
            "hello.in_flight[0]: lease_claim.lease is missing"
        ),
        (
            header + field(10, field(5, varint: 1 << 30)),
            "hello.credit is 1073741824; at most 1048576 is allowed"
        ),
        (
            header + field(10, field(1, [0xFF, 0xFE])),
            "message of 31 bytes is truncated or damaged, or a text in it is not UTF-8"
        ),
        (header + field(11, field(1, varint: 1 << 30)), nil),
        (header.prefix(7) + field(4, [1, 2, 3]) + field(10, field(3, [])), nil),
        (header + field(10, field(3, [])) + [0x0A, 0x09], nil),
    ]

    @Test("Of a Hello that cannot be read it is known who waits", arguments: unanswered.indices)
    func whoWaits(index: Int) {
        let (bytes, said) = Self.unanswered[index]
        let error = #expect(throws: WireError.self) { _ = try WorkerEnvelope(decoding: bytes) }
        #expect((error?.header == nil) == (said == nil))
        if let said {
            #expect(error?.header?.worker == Array(Self.worker.dropFirst(2)))
            #expect(error?.message == said)
        }
    }

    @Test func aRefusalIsReadInAnyVersion() throws {
        let bytes =
            [0x0D, 0x4F, 0x47, 0x56, 0x45, 0x10, 0x09] + Self.worker
            + Self.field(38, Self.field(1, Array("too old".utf8)))
        #expect(try CoordinatorEnvelope(decoding: bytes).message == .refused("too old"))
    }

    @Test func unknownFieldsArePassedOver() throws {
        let bytes = Self.header + Self.field(13, Self.field(77, [1, 2])) + Self.field(200, [3])
        #expect(try WorkerEnvelope(decoding: bytes).message == .heartbeat)
    }
}
