/// A piece of Swift code as the rules see it: a word, a symbol of one character, or a literal.
struct Token: Equatable {
    /// The text; `"` stands for a whole string literal, `/` for a whole regular expression.
    let text: String
    /// The line that it starts on, from 1.
    let line: Int
    /// Whether nothing, not even a space, stands between it and the token before.
    let isAttached: Bool

    /// Whether it is a word or a literal: something that a postfix operator can follow.
    var isWordOrLiteral: Bool {
        guard let first = text.first else { return false }
        return first.isLetter || first.isNumber || "_\"`".contains(first)
    }
}
