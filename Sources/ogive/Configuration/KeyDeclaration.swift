internal import OgiveModels

/// What a reader says about a key when it asks for the value.
///
/// The known keys, `config/reference.yaml` and the JSON Schema follow from these declarations.
struct KeyDeclaration: Hashable, Sendable {
    /// The name within its section.
    let name: String
    /// What the file may hold there.
    let type: KeyType
    /// What the value means.
    let about: String
    /// The value that counts if the file gives none; `nil` if there is no such value.
    var standard: ExactJSON?
    /// A value to show if there is no default, as YAML.
    var example = ""
    /// What happens if the file gives no value, in words.
    var absent: String?
    /// How the reference shows the key.
    var presence = KeyPresence.off
    /// What the file may hold in place of a section.
    var alternative: KeyType?
    /// A remark on this key and those that follow it.
    var heading: String?
    /// The keys of a section, or of an entry of a list of sections.
    var keys: [KeyDeclaration] = []

    /// The meaning with the values that are allowed, and with what happens if there is none.
    var sentence: String {
        let parts: [String?] = [about, type.bounds, absent.map { "default: \($0)" }]
        return parts.compactMap(\.self).joined(separator: "; ")
    }

    /// The paths of this key and of those below it, from this section.
    var paths: [String] {
        [name] + keys.flatMap(\.paths).map { "\(name).\($0)" }
    }
}

/// What may stand at a key.
enum KeyType: Hashable, Sendable {
    /// A text, a number or a truth value, taken as it is written.
    case text
    /// A whole number. The bounds are texts because no type of Swift holds all of them.
    case integer(least: String, most: String)
    /// A finite number.
    case number(NumberRule)
    /// `true` or `false`.
    case flag
    /// A text of a certain form.
    case form(TextForm)
    /// One of several words.
    case choice([String])
    /// Some of several words, or one of them alone.
    case choices([String])
    /// A list of texts, or one of them alone.
    case texts
    /// A list of finite numbers.
    case numbers
    /// A mapping from free names to texts.
    case names
    /// A mapping of which nothing is known.
    case object
    /// A mapping with keys of its own.
    case section
    /// A list of mappings. With `ownerBut`, an entry also takes the keys of the section that the
    /// list belongs to, but for these.
    case sections(ownerBut: Set<String>?)

    /// The type of a whole number within a range.
    static func wholeNumber<Value: FixedWidthInteger>(in range: ClosedRange<Value>) -> KeyType {
        .integer(least: "\(range.lowerBound)", most: "\(range.upperBound)")
    }

    /// Which values are allowed, in words; `nil` where the type says it.
    var bounds: String? {
        switch self {
        // An upper bound of ten digits is only what the type holds.
        case .integer(let least, let most):
            most.count < 10 ? "\(least)…\(most)" : "at least \(least)"
        case .number(let rule): rule == .finite ? nil : rule.text
        case .form(let form): form.bounds
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .choices(let words): "any of \(words.joined(separator: ", "))"
        case .text, .flag, .texts, .numbers, .names, .object, .section, .sections: nil
        }
    }
}

/// A form of texts, as a regular expression of JSON Schema.
struct TextForm: Hashable, Sendable {
    /// What the text must match.
    let pattern: String
    /// The whole numbers that YAML may read where such a text is meant.
    var integers: ClosedRange<Int>?
    /// Which values are allowed, in words.
    var bounds: String?

    /// Matches each text with a variable in it: what that stands for is not known.
    static let variable = #"\$\{"#

    /// Exactly one variable.
    static let secret = TextForm(pattern: #"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"#)

    /// Durations as `DurationText` reads them.
    static func duration(in range: ClosedRange<Duration>) -> TextForm {
        let bounds = [range.lowerBound, range.upperBound].map(DurationText.format)
        return TextForm(
            pattern: #"^([0-9]*\.?[0-9]+(ms|s|m|h|d))+$|^0$|"# + variable,
            integers: range.contains(.zero) ? 0...0 : nil, bounds: "\(bounds[0])…\(bounds[1])")
    }

    /// Numbers of bytes as `ByteCountText` reads them.
    static func byteCount(in range: ClosedRange<Int>) -> TextForm {
        let bounds = [range.lowerBound, range.upperBound].map(ByteCountText.format)
        return TextForm(
            pattern: "^[0-9]+ *(B|KiB|MiB|GiB)?$|" + variable, integers: range,
            bounds: "\(bounds[0])…\(bounds[1])")
    }
}

extension ExactJSON {
    /// A finite number, without the decimals of a whole one.
    static func double(_ number: Double) -> ExactJSON {
        .number(Int(exactly: number).map { "\($0)" } ?? "\(number)")
    }
}
