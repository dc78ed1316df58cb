extension PromptContent {
    /// The content in its canonical form: the bytes of `CanonicalJSON`, which are its identity.
    ///
    /// Written here because an import of a million prompts spends seconds in the platform's
    /// encoder.
    package var canonical: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(byteCount + 64)
        switch self {
        case .text(let text):
            output += #"{"text":"#.utf8
            CanonicalText.append(text, to: &output)
        case .chat(let messages, let tools):
            output += #"{"messages":["#.utf8
            for (index, message) in messages.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                message.append(to: &output)
            }
            output.append(UInt8(ascii: "]"))
            if let tools {
                output += #","tools":"#.utf8
                CanonicalText.append(tools, to: &output)
            }
        }
        output.append(UInt8(ascii: "}"))
        return output
    }
}

extension ChatMessage {
    /// Adds the canonical form: the fields that are there, by name.
    fileprivate func append(to output: inout [UInt8]) {
        output += #"{"content":"#.utf8
        CanonicalText.append(content, to: &output)
        let others: [(name: StaticString, value: String?)] = [
            (#","name":"#, name), (#","reasoning_content":"#, reasoning), (#","role":"#, role),
            (#","tool_call_id":"#, toolCallID), (#","tool_calls":"#, toolCalls),
        ]
        for (name, value) in others {
            guard let value else { continue }
            output += "\(name)".utf8
            CanonicalText.append(value, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }
}

/// Texts as the canonical form has them: escaped as the platform's encoder does, and no more.
private enum CanonicalText {
    /// Adds a text in quotes.
    static func append(_ text: String, to output: inout [UInt8]) {
        JSONText.append(text, to: &output) { byte, output in escape(byte, to: &output) }
    }

    private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case 8: output += #"\b"#.utf8
        case 9: output += #"\t"#.utf8
        case 10: output += #"\n"#.utf8
        case 12: output += #"\f"#.utf8
        case 13: output += #"\r"#.utf8
        default:
            let digits = String(byte, radix: 16)
            output += #"\u00"#.utf8
            if byte < 16 { output.append(UInt8(ascii: "0")) }
            output += digits.utf8
        }
    }
}
