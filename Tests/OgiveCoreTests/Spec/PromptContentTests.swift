import Foundation
import OgiveCore
import Testing

@Suite(.timeLimit(.minutes(10)))
struct PromptContentTests {
    private static func chat(_ turns: (String, String)...) -> PromptContent {
        .chat(turns.map { ChatMessage(role: $0.0, content: $0.1) })
    }

    /// Stored prompts are found by these digests: they may never change.
    @Test(arguments: [
        (
            PromptContent.text("Same?"),
            "eeb38ea55fcc8c7b582d21c06ca1b1790e0d3386b421cbdf9014f755b7e3e2b3"
        ),
        (.text("P"), "1a8f67ddce7073e8bfe7ff1a847bce6a793ff115a34053c26e99382f061d9f78"),
        (
            chat(("user", "2+2?")),
            "04684e8a453f712b1f8b85eedc60025962666827102eb98f20facbfbd2614908"
        ),
        (
            chat(
                ("system", "Be \"brief\".\n"), ("user", "né 日本 / \\u"), ("assistant", "")),
            "1517d8fd4b57b9cd16cd7bb0aa5e8f9299ec0b61e76c8b0394c7f8a174fae1b6"
        ),
    ])
    func promptWithoutNewFieldsKeepsItsDigest(content: PromptContent, digest: String) {
        #expect(content.digest.hex == digest)
    }

    /// A text of scalars of all kinds: those that are escaped, and those that take several bytes.
    private static func text(using random: inout some RandomNumberGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let ranges: [ClosedRange<UInt32>] = [
                0...0x7f, 0x80...0x9f, 0x300...0x36f, 0x2000...0x206f, 0xe000...0xffff,
                0x10000...0x10ffff, 0x22...0x22, 0x5c...0x5c, 0x2f...0x2f,
            ]
            let range = ranges.randomElement(using: &random) ?? 0...0
            if let scalar = UnicodeScalar(UInt32.random(in: range, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    @Test func theCanonicalFormIsThatOfTheEncoderByteForByte() {
        var random = SystemRandomNumberGenerator()
        func some() -> String? {
            Bool.random(using: &random) ? Self.text(using: &random) : nil
        }
        for _ in 0..<2_000 {
            let turns = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                var turn = ChatMessage(
                    role: Self.text(using: &random), content: Self.text(using: &random))
                turn.name = some()
                turn.reasoning = some()
                turn.toolCallID = some()
                turn.toolCalls = some()
                return turn
            }
            for content in [
                PromptContent.chat(turns, tools: some()), .text(Self.text(using: &random)),
            ] {
                #expect(content.canonical == CanonicalJSON.encode(content), "\(content)")
            }
        }
    }

    @Test func eachFieldIsPartOfTheIdentityAndIsReadAgain() throws {
        var turns: [ChatMessage] = []
        for change: (inout ChatMessage) -> Void in [
            { $0.name = "n" }, { $0.reasoning = "r" }, { $0.toolCallID = "i" },
            { $0.toolCalls = #"[{"b":1,"a":2}]"# },
        ] {
            var turn = ChatMessage(role: "user", content: "c")
            change(&turn)
            turns.append(turn)
        }
        let plain = ChatMessage(role: "user", content: "c")
        var contents = turns.map { PromptContent.chat([$0]) }
        contents += [.chat([plain]), .chat([plain], tools: "[]"), .text("c")]
        #expect(Set(contents.map(\.digest)).count == contents.count)
        for content in contents {
            let data = Data(CanonicalJSON.encode(content))
            #expect(try JSONDecoder().decode(PromptContent.self, from: data) == content)
        }
        #expect(PromptContent.chat(turns).beyondTexts?.contains("`tool_calls`") == true)
    }

    @Test func textsAreComparedByTheirBytes() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        #expect(composed == decomposed)
        #expect(ExactText(composed) != ExactText(decomposed))
        #expect(PromptContent.text(composed) != .text(decomposed))
        #expect(Self.chat(("user", composed)) != Self.chat(("user", decomposed)))
        #expect(Set([composed, decomposed].map(ExactText.init)).count == 2)
    }

    @Test func rawJSONIsWrittenAsItIs() throws {
        let value = JSONValue.object([
            "b": .raw(#"{"z":1.50,"a":12345678901234567890}"#), "a": .text("\"\u{1}/"),
            "c": .list([.number(0.5), .integer(3), .number(2), .null, .flag(true)]),
        ])
        #expect(
            value.bytes.map { String(decoding: $0, as: UTF8.self) }
                == #"{"a":"\"\u0001/","b":{"z":1.50,"a":12345678901234567890},"#
                + #""c":[0.5,3,2,null,true]}"#)
        #expect(JSONValue.number(.nan).bytes == nil)
    }

    @Test func whatTheWireCannotCarryIsTooLarge() {
        func excess(_ content: PromptContent) -> String? {
            PromptLimits.excess(
                of: ImportedPrompt(key: "k", content: content, metadata: "{}", candidates: []))
        }
        let turn = ChatMessage(role: "user", content: "c")
        #expect(excess(.chat([turn])) == nil)
        #expect(excess(.chat(Array(repeating: turn, count: 10_001)))?.contains("turns") == true)
        let role = ChatMessage(role: String(repeating: "r", count: 1025), content: "c")
        #expect(excess(.chat([role]))?.contains("role") == true)
        let long = String(repeating: "x", count: (16 << 20) + 1)
        #expect(excess(.text(long))?.contains("16777217 bytes") == true)
    }
}
