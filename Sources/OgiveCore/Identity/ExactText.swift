/// A text that equals another only when their bytes do.
///
/// `==` of `String` takes two spellings of one letter (é as one character, or as e and an accent)
/// for the same text. Names and texts of users are compared and looked up by their bytes.
package struct ExactText: Hashable, Sendable, Comparable {
    /// The text.
    package let text: String

    /// Takes a text as it is.
    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    // Texts that are equal in bytes are equal as strings, whose hashes then are equal too.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

extension String {
    /// At most `bytesMax` bytes of the text, cut between characters and marked where it is cut.
    package func cut(toBytes bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        let mark = "…"
        var end = utf8.index(startIndex, offsetBy: Swift.max(0, bytesMax - mark.utf8.count))
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil {
            end = utf8.index(before: end)
        }
        return String(self[..<end]) + mark
    }
}
