internal import OgiveCore

/// A row that cannot be imported, and why.
struct BadRow: Hashable, Sendable, CustomStringConvertible {
    /// The kinds of trouble, by which rows are counted.
    enum Reason: String, Sendable, CaseIterable {
        case tooLong = "too long"
        case notUTF8 = "not UTF-8"
        case notJSON = "not JSON"
        case unstorable = "U+0000 or half of a surrogate pair"
        case notObject = "not a JSON object"
        case unknownShape = "unknown shape"
        case wrongType = "wrong type"
        case emptyPrompt = "empty prompt"
        case unsupportedContent = "content other than text"
        case lastAssistant = "ends with the assistant's turn"
        case badKey = "unusable key"
        case inconsistent = "prompt and candidates do not fit"
    }

    /// The file's name.
    var file: String
    /// The line from 1.
    var line: Int
    /// The kind of trouble.
    var reason: Reason
    /// What is wrong with this row, and what to do.
    var detail: String

    var description: String { "\(file):\(line): \(detail)" }
}

/// A line of an imported file.
enum ImportedRow: Hashable, Sendable {
    /// A good one, with its line number from 1.
    case prompt(line: Int, ImportedPrompt, notes: [ImportNote])
    /// A bad one, with the first bytes of its text.
    case bad(BadRow, raw: [UInt8])
}
