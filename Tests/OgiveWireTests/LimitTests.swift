import OgiveCore
import OgiveWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct LimitTests {
    let worker = WorkerID(high: 1 << 63, low: 1)
    let lease = LeaseName(term: Term(1), task: TaskID(1), epoch: Epoch(1))

    func code(_ message: WorkerMessage) -> WireError.Code? {
        do throws(WireError) {
            _ = try WorkerEnvelope(worker: worker, term: Term(1), message: message).encoded()
            return nil
        } catch {
            return error.code
        }
    }

    func result(_ items: [ItemResult]) -> WorkerMessage {
        .result(
            TaskResult(
                claim: LeaseClaim(
                    lease: lease, run: RunID(1), prompt: PromptID(1), seedBase: 0,
                    items: items.map(\.name), proof: SHA256Digest(hashing: "")),
                part: 0, items: items))
    }

    func scored(_ reward: Double, text: String? = nil) -> ItemResult {
        var item = ItemResult(name: .draw(0))
        item.reward = reward
        item.completion = text.map {
            Completion(text: $0, tokenCount: nil, finishReason: .stop, logProbability: nil)
        }
        return item
    }

    @Test func aLoadIsBounded() {
        var load = WorkerLoad()
        (load.sampleSlots, load.draws) = (WorkerLoad.slotsMax, SlotTime.most)
        #expect(code(.report(load, [])) == nil)
        load.draws += 1
        #expect(code(.report(load, [])) == .invalidValue)
        load = WorkerLoad()
        load.scoreSlots = WorkerLoad.slotsMax + 1
        #expect(code(.report(load, [])) == .invalidValue)
    }

    @Test func whatADecoderRefusesIsNotEncoded() {
        #expect(code(result([scored(1)])) == nil)
        #expect(code(result([scored(.nan)])) == .invalidValue)
        #expect(code(result([scored(-.infinity)])) == .invalidValue)
        #expect(code(result([ItemResult(name: .draw(0))])) == .missingField)
        var negative = scored(1)
        negative.name = .draw(-1)
        #expect(code(result([negative])) == .invalidValue)
        #expect(code(.credit(Int.max)) == .invalidValue)
        #expect(code(.crowded(1, unscored: Int.max)) == .invalidValue)
        #expect(code(.returned(Array(repeating: lease, count: 65_537))) == .tooLarge)
    }

    @Test func aTextMayHaveSixteenMebibytesAndNotOneByteMore() {
        let text = String(repeating: "x", count: WireLimits.textBytes)
        #expect(code(result([scored(1, text: text)])) == nil)
        #expect(code(result([scored(1, text: text + "x")])) == .tooLarge)
    }

    @Test func aMessageOverTheBoundIsRefusedOnBothSides() {
        let text = String(repeating: "x", count: WireLimits.textBytes)
        let item = scored(1, text: text)
        #expect(code(result([item, item])) == .tooLarge)
        let error = #expect(throws: WireError.self) {
            _ = try WorkerEnvelope(
                decoding: [UInt8](repeating: 0, count: WireLimits.messageBytes + 1))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("Fault 65: elements are counted before they take memory, those of claims among them")
    func elementsAreCountedBeforeTheyTakeMemory() {
        // Two bytes an element: decoded they would take gigabytes.
        let elements = [UInt8](repeating: 0, count: 15 << 20)
        let items = elements.enumerated().map { $0.offset % 2 == 0 ? UInt8(0x2A) : 0 }
        for bytes in [
            DecoderTests.header + DecoderTests.field(17, items),
            // The results of a message, and the columns of one that are of messages.
            DecoderTests.results(items),
            DecoderTests.results(DecoderTests.field(7, items)),
            DecoderTests.header + DecoderTests.field(10, DecoderTests.field(6, items)),
            // The items of a claim, of a result and of a held lease.
            DecoderTests.results(DecoderTests.field(6, items)),
            DecoderTests.header
                + DecoderTests.field(
                    10, DecoderTests.field(6, DecoderTests.field(5, items))),
        ] {
            let error = #expect(throws: WireError.self) { _ = try WorkerEnvelope(decoding: bytes) }
            #expect(error?.code == .tooLarge)
            #expect(error?.message.contains("elements") == true)
        }
    }

    @Test func namesOfItemsAreCountedBeforeTheyTakeMemory() {
        // A byte an element: decoded they would take gigabytes.
        let column = [UInt8](repeating: 1, count: 2 << 20)
        let names = DecoderTests.field(7, DecoderTests.field(1, column))
        for bytes in [
            DecoderTests.header
                + DecoderTests.field(10, DecoderTests.field(6, DecoderTests.field(5, names))),
            DecoderTests.header + DecoderTests.field(10, DecoderTests.field(6, names)),
            DecoderTests.results(DecoderTests.field(6, names)),
            DecoderTests.result(DecoderTests.field(1, DecoderTests.field(1, column))),
        ] {
            let error = #expect(throws: WireError.self) { _ = try WorkerEnvelope(decoding: bytes) }
            #expect(error?.code == .tooLarge)
            #expect(error?.message.contains("elements") == true)
        }
    }

    @Test func manyResultsHaveNoMoreItemsThanAMessageMayHave() {
        let names = [UInt8](repeating: 1, count: WireLimits.items)
        let item = DecoderTests.field(1, names) + DecoderTests.field(2, names)
        let claim = DecoderTests.field(
            6,
            DecoderTests.lease + DecoderTests.field(6, [UInt8](repeating: 7, count: 32))
                + DecoderTests.field(7, item))
        let result = DecoderTests.field(1, claim)
        let few = DecoderTests.header + DecoderTests.field(17, result + result)
        #expect(throws: Never.self) { _ = try WorkerEnvelope(decoding: few) }
        let many = (0..<9).flatMap { _ in result }
        let error = #expect(throws: WireError.self) {
            _ = try WorkerEnvelope(decoding: DecoderTests.header + DecoderTests.field(17, many))
        }
        #expect(error?.code == .tooLarge && error?.message.contains("items") == true)
    }

    @Test func aLongReasonIsCutBetweenCharacters() throws {
        for padding in 0..<4 {
            let reason =
                String(repeating: "x", count: padding) + String(repeating: "→", count: 9000)
            let envelope = CoordinatorEnvelope(
                worker: worker, term: Term(1), message: .refused(reason))
            guard
                case .refused(let received) =
                    try CoordinatorEnvelope(decoding: envelope.encoded()).message
            else {
                Issue.record("another message came back")
                return
            }
            #expect(received.utf8.count <= WireLimits.reasonBytes)
            #expect(received.utf8.count > WireLimits.reasonBytes - 8)
            #expect(received.hasSuffix("→…"))
        }
    }
}
