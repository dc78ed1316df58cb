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

    /// Results, of which one is given.
    static func results(_ result: [UInt8]) -> [UInt8] { header + field(17, field(1, result)) }

    /// A result with items, whose columns are given.
    static func result(_ columns: [UInt8]) -> [UInt8] { results(claim + field(7, columns)) }

    /// Leases, of which one is given.
    static func leases(_ lease: [UInt8]) -> [UInt8] { header + field(41, field(1, lease)) }

    /// The columns of names of one item, and what it has.
    static func item(kind: Int = 1, index: Int = 0, has flags: Int) -> [UInt8] {
        field(1, field(1, varint(kind)) + field(2, varint(index))) + field(2, varint(flags))
    }

    static let one: [UInt8] = [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    /// A draw with a completion of `text` and a reward.
    static func draw(_ text: [UInt8], count: Int, reason: Int = 1, _ more: Int = 0) -> [UInt8] {
        item(has: 1 + 256 + more) + field(3, text) + field(4, varint(count))
            + field(5, varint(reason)) + field(15, one)
    }

    static let failure = field(1, varint: 1) + field(2, Array("timeout".utf8))

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
                + field(
                    17, field(1, field(6, lease + field(6, [UInt8](repeating: 7, count: 31))))),
            .invalidValue),
        Case("a claim without proof", results(field(6, lease)), .invalidValue),
        Case("too much credit", header + field(11, field(1, varint: 1 << 30)), .invalidValue),
        Case("no results", header + field(17, []), .missingField),
        Case("a result without lease", results([]), .missingField),
        Case("a part over the range", results(claim + field(4, varint: 1 << 31)), .invalidValue),
        Case("names of items cut off", result(field(1, [0x0A, 0x7F])), .malformed),
        Case("a claim cut off", results([0x32, 0x7F]), .malformed),
        Case("a claim that is a number", results(field(6, varint: 1)), .malformed),
        Case("a group", results([0x0B, 0x0C]), .malformed),
        Case(
            "a claim of more kinds than indexes",
            results(field(6, lease + field(7, field(1, [1])))),
            .invalidValue),
    ]

    /// Results whose items are wrong, with what is said of them: who sent them, and under which
    /// lease, is known all the same.
    static let resultCases: [(columns: [UInt8], said: String)] = [
        (draw([0xFF, 0xFE], count: 2), "completion.text is not UTF-8: see byte 0 of the texts"),
        (draw([0x61, 0xE2, 0x82], count: 3), "completion.text is not UTF-8: see byte 1"),
        (
            field(1, field(1, [1, 1]) + field(2, [0, 1])) + field(2, [1, 1])
                + field(3, Array("é".utf8)) + field(4, [1, 1]) + field(5, [1, 1]),
            "completion.text is not UTF-8: it ends within a character"
        ),
        (draw([0x61], count: 2), "completion.text ends 2 bytes on, after all texts"),
        (draw([0x61, 0x62], count: 1), "entries that belong to no item"),
        (item(kind: 0, has: 256) + field(15, one), "item.kind is 0"),
        (item(kind: 9, has: 256) + field(15, one), "item.kind is 9"),
        (item(index: 1 << 31, has: 256) + field(15, one), "item.index is 2147483648"),
        (field(1, field(1, [1, 1]) + field(2, [0])), "item_names has 2 kinds and 1 indexes"),
        (field(1, field(1, [1]) + field(2, [0])), "item_results.has has fewer entries"),
        (item(has: 256), "item_results.rewards has fewer entries"),
        (item(has: 256) + field(15, Array(one.prefix(7))), "truncated or damaged"),
        (item(has: 256) + field(15, one + one), "entries that belong to no item"),
        (item(has: 256) + field(15, one) + field(15, one), "column 15 of item_results is there"),
        (item(has: 0), "exactly one of reward, failure and log_probability"),
        (
            item(has: 256 + 1024) + field(15, one) + field(18, failure),
            "exactly one of reward, failure and log_probability"
        ),
        (
            item(has: 256 + 2048) + field(15, one) + field(19, []),
            "exactly one of reward, failure and log_probability"
        ),
        (item(kind: 3, has: 2048) + field(19, [0x09] + nan), "log_probability.sum is nan"),
        (
            item(kind: 3, has: 2048) + field(19, field(3, varint(1 << 31))),
            "log_probability.token_ids is 2147483648"
        ),
        (
            item(kind: 3, has: 2048) + field(19, field(4, [0, 0, 0x80, 0x7F])),
            "log_probability.token_values is inf"
        ),
        (
            item(kind: 3, has: 2048) + field(19, field(3, [UInt8](repeating: 1, count: 1_048_577))),
            "log_probability.token_ids has 1048577 entries; at most 1048576 are allowed"
        ),
        (
            draw([], count: 0, 16) + field(9, varint(1_048_577)) + field(10, [1]),
            "completion.token_ids has 1048577 entries; at most 1048576 are allowed"
        ),
        (draw([], count: 0, 16) + field(9, [2]) + field(10, [1]), "token_ids has fewer entries"),
        (
            draw([], count: 0, 32) + field(11, [1]) + field(12, [0, 0, 0x80, 0x7F]),
            "completion.token_log_probabilities is inf"
        ),
        (
            item(has: 64 + 256) + field(13, [UInt8](repeating: 0xFF, count: 8)) + field(15, one),
            "item_result.seed is 18446744073709551615"
        ),
        (
            item(has: 128 + 256) + field(14, [UInt8](repeating: 0xFF, count: 8)) + field(15, one),
            "item_result.sample_nanoseconds is -1"
        ),
        (item(has: 256) + field(15, nan), "item_result.reward is nan; it must be finite"),
        (item(has: 256) + field(15, infinity), "item_result.reward is inf; it must be finite"),
        (
            draw([], count: 0, 4) + field(7, infinity),
            "completion.log_probability is inf; it must be finite"
        ),
        (draw([], count: 0, reason: 0), "completion.finish_reason is 0"),
        (item(has: 2 + 256) + field(6, [1]) + field(15, one), "parts of a completion, and none"),
        (
            item(has: 512 + 1024) + field(16, [1]) + field(17, one) + field(18, failure),
            "item_result has parts of a reward, and no reward"
        ),
        (
            item(has: 256 + 512) + field(15, one) + field(16, [17]),
            "item_result.parts has 17 entries; at most 16 are allowed"
        ),
        (
            item(has: 1024) + field(18, field(2, Array("timeout".utf8))), "failure.stage is 0"
        ),
        (
            item(has: 1024) + field(18, field(1, varint: 2) + field(2, Array("other".utf8))),
            "failure.code is \"other\", which is unknown"
        ),
        (
            item(has: 1 + 1024) + field(4, [0]) + field(5, [1]) + field(18, failure),
            "item_result has a completion and a failure to sample it"
        ),
        (
            item(has: 1024) + field(18, field(3, [0xFF])),
            "an entry of item_results.failures is damaged, or a text in it is not UTF-8"
        ),
        (
            item(has: 256 + 4096) + field(15, one) + field(20, varint(1 << 31)) + field(21, [1]),
            "token_count.input is 2147483648"
        ),
    ]

    @Test(arguments: resultCases.indices)
    func whatIsWrongWithAResultIsReported(index: Int) throws {
        let (columns, said) = Self.resultCases[index]
        let envelope = try WorkerEnvelope(decoding: Self.result(columns))
        guard case .result(let result) = envelope.message else {
            Issue.record("no result")
            return
        }
        #expect(envelope.worker.bytes == Array(Self.worker.dropFirst(2)))
        #expect(result.name.lease.term == Term(1))
        #expect(result.items.isEmpty)
        #expect(result.fault?.contains(said) == true, "\(result.fault ?? "no fault"): not \(said)")
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
        Case("no leases", header + field(41, []), .missingField),
        Case("a lease without name", leases([]), .missingField),
        Case("a lease without prompt", leases(lease), .missingField),
        Case(
            "seeds that overflow", leases(lease + field(3, field(4, [])) + field(4, varint: .max)),
            .invalidValue),
        Case("a prompt without content", leases(lease + field(3, [])), .missingField),
        Case(
            "a lease without duration", leases(lease + field(3, field(4, []))), .invalidValue),
        Case(
            "a prompt that is not UTF-8", leases(lease + field(3, field(4, [0xFF]))), .malformed),
        Case(
            "a lease with a text of no item",
            leases(lease + field(3, field(4, [])) + field(6, varint: 1) + field(9, [0x61])),
            .invalidValue),
        Case(
            "a lease whose texts end too early",
            leases(
                lease + field(3, field(4, [])) + field(8, field(1, [1]) + field(2, [0]))
                    + field(10, [1])), .invalidValue),
        Case(
            "a lease of two items and one text",
            leases(
                lease + field(3, field(4, [])) + field(8, field(1, [1, 1]) + field(2, [0, 1]))
                    + field(9, [0x61]) + field(10, [1])), .malformed),
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
