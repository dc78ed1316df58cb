internal import OgiveCore

/// A JSON value that keeps numbers as they are written, so that nothing is lost on the way from
/// a file to a `jsonb` column.
enum ExactJSON: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number as written.
    case number(String)
    /// A text.
    case string(String)
    /// A list.
    case array([ExactJSON])
    /// An object.
    case object(JSONFields)

    /// The text of a string; `nil` for other values.
    var text: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The elements of a list; `nil` for other values.
    var elements: [ExactJSON]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The fields of an object; `nil` for other values.
    var fields: JSONFields? {
        if case .object(let fields) = self { return fields }
        return nil
    }

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// Whether it says nothing: null, or an empty text, list or object.
    var isNothing: Bool {
        switch self {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let fields): fields.isEmpty
        case .bool, .number: false
        }
    }

    /// The value as JSON text: sorted keys, no white space, numbers as they were read.
    var json: String { json(sorted: true) }

    /// The same with keys in the order in which they were read.
    var jsonInOrder: String { json(sorted: false) }

    private func json(sorted: Bool) -> String {
        var output: [UInt8] = []
        write(to: &output, sorted: sorted)
        return String(decoding: output, as: UTF8.self)
    }

    private func write(to output: inout [UInt8], sorted: Bool) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let flag): output += (flag ? "true" : "false").utf8
        case .number(let text): output += text.utf8
        case .string(let text): JSONText.append(text, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output, sorted: sorted)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let fields):
            output.append(UInt8(ascii: "{"))
            let names = sorted ? fields.names : fields.inOrder.map(\.name)
            for (index, name) in names.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.append(name, to: &output)
                output.append(UInt8(ascii: ":"))
                fields[name]?.write(to: &output, sorted: sorted)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}

/// The fields of a JSON object, in the order of its text and found by the bytes of their names.
struct JSONFields: Sendable, ExpressibleByDictionaryLiteral {
    /// A field; one that was taken out keeps its place.
    private struct Field: Sendable {
        let name: ExactText
        var value: ExactJSON?
    }

    /// So many fields are looked through for a name, which is sooner done than hashing it.
    private static let scanMax = 16

    private var list: [Field] = []
    private var count = 0
    /// A bit for each name that was ever added (`sign`): most names that are asked for are not
    /// there, and few of those have the bit of one that is.
    private var signs: UInt64 = 0
    /// The places of the fields by their names; empty while there are few.
    private var places: [ExactText: Int] = [:]

    /// Begins without fields.
    init() {}

    /// Fields as they are written; of two with one name the second one counts.
    init(dictionaryLiteral elements: (String, ExactJSON)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The fields of a dictionary, sorted by name.
    init(_ fields: [String: ExactJSON]) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { self[name] = value }
    }

    /// The value of a field; `nil` removes it.
    subscript(name: String) -> ExactJSON? {
        get { place(of: name).flatMap { list[$0].value } }
        set {
            guard let place = place(of: name) else {
                if let newValue { add(name, newValue) }
                return
            }
            count += (newValue == nil ? 0 : 1) - (list[place].value == nil ? 0 : 1)
            list[place].value = newValue
            if newValue == nil, place == list.count - 1 {
                places[list[place].name] = nil
                list.removeLast()
            }
        }
    }

    private mutating func add(_ name: String, _ value: ExactJSON) {
        signs |= Self.sign(name)
        list.append(Field(name: ExactText(name), value: value))
        count += 1
        if !places.isEmpty {
            places[ExactText(name)] = list.count - 1
        } else if list.count > Self.scanMax {
            for (place, field) in list.enumerated() { places[field.name] = place }
        }
    }

    /// One of 64 bits, by the length of a name and its first and last byte.
    private static func sign(_ name: String) -> UInt64 {
        let bytes = name.utf8
        let first = UInt64(bytes.first ?? 0)
        let last = UInt64(bytes.last ?? 0)
        return 1 << ((UInt64(bytes.count) &* 5 ^ first &* 3 ^ last) & 63)
    }

    private func place(of name: String) -> Int? {
        guard signs & Self.sign(name) != 0 else { return nil }
        guard list.count <= Self.scanMax else { return places[ExactText(name)] }
        let bytes = name.utf8.count
        return list.firstIndex { $0.name.text.utf8.count == bytes && $0.name == ExactText(name) }
    }

    /// The names, sorted by their bytes.
    var names: [String] { list.filter { $0.value != nil }.map(\.name).sorted().map(\.text) }

    /// Names and values in the order of the text.
    var inOrder: [(name: String, value: ExactJSON)] {
        list.compactMap { field in field.value.map { (field.name.text, $0) } }
    }

    /// Whether there are none.
    var isEmpty: Bool { count == 0 }

    /// Takes a field out.
    mutating func remove(_ name: String) -> ExactJSON? {
        guard let value = self[name] else { return nil }
        self[name] = nil
        return value
    }

    /// Whether there is a field of this name, and it is not null.
    func has(_ name: String) -> Bool {
        guard let place = place(of: name) else { return false }
        switch list[place].value {
        case nil, .null?: return false
        default: return true
        }
    }

    /// Whether there is a field of this name, and it says something.
    func says(_ name: String) -> Bool {
        guard let place = place(of: name) else { return false }
        return list[place].value.map { !$0.isNothing } ?? false
    }
}

extension JSONFields: Hashable {
    // JSON gives the order of fields no meaning.
    static func == (left: Self, right: Self) -> Bool {
        left.count == right.count
            && left.list.allSatisfy { field in
                field.value.map { right[field.name.text] == $0 } ?? true
            }
    }

    func hash(into hasher: inout Hasher) {
        var values: [ExactText: ExactJSON] = [:]
        for field in list { values[field.name] = field.value }
        hasher.combine(values)
    }
}
