/// Prompts as a person sees them.
enum PromptText {
    /// Digits of a hash that is a key.
    private static let whole = 64
    /// Digits that are shown of it.
    private static let shown = 12

    /// A key as it is shown: one that is a prompt's SHA-256 by its first digits, which
    /// `ogive query` takes in its place.
    static func short(_ key: String) -> String {
        key.count == whole ? shortening(key) : key
    }

    /// `text` with each hash of 64 hexadecimal digits cut to its first ones.
    static func shortening(_ text: String) -> String {
        var result = ""
        var digits = ""
        func flush() {
            result += digits.count == whole ? "\(digits.prefix(shown))…" : digits
            digits = ""
        }
        for character in text {
            if character.isASCII, character.isHexDigit, !character.isUppercase {
                digits.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return result
    }
}
