internal import OgiveModels

/// `config/reference.yaml`: every key with its default or an example, and what it means.
struct ConfigurationReference {
    /// The file.
    static var text: String {
        var reference = ConfigurationReference()
        reference.lines = introduction.split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        for key in Configuration.keys {
            reference.lines.append("")
            reference.remark(key.sentence, indent: 0)
            reference.lines.append("\(key.name):")
            for inner in key.keys { reference.add(inner, indent: 2, isOff: false) }
        }
        return reference.lines.joined(separator: "\n") + "\n"
    }

    private static let introduction = """
        # Every key of the configuration, as `ogive config reference` prints it. The value shown is
        # the default, unless the comment says "required" or "example". A key behind `#` is off
        # here: it has no default, it excludes another key, or it is of another kind of model.
        #
        # - Unknown keys are errors. Flags override the file: `--override policy.sampling.seed=7`.
        # - `${NAME}` in a value becomes the environment variable NAME; `$$` is a plain `$`.
        # - Relative paths start at the folder of this file.
        # - Durations: 250ms, 30s, 5m, 1h30m, 2d. Sizes: 512B, 64KiB, 8MiB, 1GiB.
        #
        # `run`, `prompts`, the specification in `policy` and `scorer` say WHAT; the other keys
        # say WHERE. A worker reads `policy`, `scorer` and `worker`; a coordinator reads
        # `database` and `coordinator`.
        """

    /// Where remarks on values begin.
    private static let column = 32
    /// The longest line with a value and its remark; a longer remark stands above the value.
    private static let lineMax = 140
    /// The longest line with a remark alone.
    private static let remarkMax = 100

    private var lines: [String] = []

    /// Adds a key and those below it. `mark` begins an entry of a list.
    private mutating func add(
        _ key: KeyDeclaration, indent: Int, isOff: Bool, mark: String = ""
    ) {
        let isOff = isOff || key.presence == .off
        if let heading = key.heading { remark(heading, indent: indent) }
        let start = String(repeating: " ", count: indent) + (isOff ? "#" : "") + mark + key.name
        switch key.type {
        case .section:
            add("\(start):", key.sentence, indent)
            for inner in key.keys { add(inner, indent: indent + 2, isOff: isOff) }
        case .sections:
            add("\(start):", key.sentence, indent)
            for (index, inner) in key.keys.enumerated() {
                if index == 0 {
                    add(inner, indent: indent + 2, isOff: isOff, mark: "- ")
                } else {
                    add(inner, indent: indent + 4, isOff: isOff)
                }
            }
        default:
            let value = key.standard?.yaml ?? key.example
            add("\(start): \(value)", key.presence.prefix(key.standard) + key.sentence, indent)
        }
    }

    /// Adds a line with what it means.
    private mutating func add(_ line: String, _ text: String, _ indent: Int) {
        let gap = String(repeating: " ", count: max(1, Self.column - line.count))
        let whole = "\(line)\(gap)# \(text)"
        if whole.count > Self.lineMax {
            remark(text, indent: indent)
            lines.append(line)
        } else {
            lines.append(whole)
        }
    }

    /// Adds lines with a remark.
    private mutating func remark(_ text: String, indent: Int) {
        let start = String(repeating: " ", count: indent) + "#"
        var line = start
        for word in text.split(separator: " ") {
            if line.count + 1 + word.count > Self.remarkMax, line != start {
                lines.append(line)
                line = start
            }
            line += " \(word)"
        }
        lines.append(line)
    }
}

extension KeyPresence {
    /// What a remark says of the value that is shown.
    fileprivate func prefix(_ standard: ExactJSON?) -> String {
        if self == .required { return "required: " }
        return standard == nil ? "example: " : ""
    }
}

extension ExactJSON {
    /// The value as YAML on one line. A text stands in quotes unless it is a plain word.
    fileprivate var yaml: String {
        switch self {
        case .string(let text) where Self.isPlain(text): text
        case .array(let elements): "[" + elements.map(\.yaml).joined(separator: ", ") + "]"
        default: json
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        text.contains(where: \.isLetter)
            && text.allSatisfy { $0.isLetter || $0.isNumber || "-_./:".contains($0) }
    }
}
