/// Reads the text form of a one-dimensional array: `{1,2}`, `{"a b",c}`.
struct ArrayText {
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")
    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")

    /// The elements, or nil when the text is no such array, has a NULL or an unreadable element.
    static func decode<Element: PostgresDecodable>(_ text: Span<UInt8>) -> [Element]? {
        guard text.count >= 2, text[0] == open, text[text.count - 1] == close else { return nil }
        if text.count == 2 { return [] }
        var elements: [Element] = []
        var index = 1
        let end = text.count - 1
        while true {
            let isQuoted = index < end && text[index] == quote
            let element: Element?
            if isQuoted {
                guard let unquoted = self.quoted(text, &index, end) else { return nil }
                element = Element.decodePostgres(unquoted.span)
            } else {
                let start = index
                while index < end, text[index] != comma {
                    if text[index] == open || text[index] == quote { return nil }
                    index += 1
                }
                let part = text.extracting(start..<index)
                if part.isEmpty || isNull(part) { return nil }
                element = Element.decodePostgres(part)
            }
            guard let element else { return nil }
            elements.append(element)
            if index == end { return elements }
            guard text[index] == comma else { return nil }
            index += 1
        }
    }

    /// The content of a quoted element; `index` moves behind its closing quotation mark.
    private static func quoted(_ text: Span<UInt8>, _ index: inout Int, _ end: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        index += 1
        while index < end {
            switch text[index] {
            case quote:
                index += 1
                return bytes
            case backslash:
                index += 1
                if index < end { bytes.append(text[index]) }
            case let byte:
                bytes.append(byte)
            }
            index += 1
        }
        return nil
    }

    private static func isNull(_ part: Span<UInt8>) -> Bool {
        part.count == 4 && part[0] == UInt8(ascii: "N") && part[1] == UInt8(ascii: "U")
            && part[2] == UInt8(ascii: "L") && part[3] == UInt8(ascii: "L")
    }
}
