/// A file of `functions` or `views`: all functions of one name, or one view. It is applied as often
/// as wanted.
package struct ObjectFile: Sendable, Hashable {
    /// The file.
    package let file: SchemaFile
    /// The name of what it defines, with the schema, as the file's name says.
    package let name: String
    /// What it defines, as its COMMENT statements name it: functions as `ogive.name(types)`, a view
    /// as `ogive.name`.
    package let objects: [String]
    /// The names in the schemas of Ogive that its statements use, but for comments.
    package let references: Set<String>

    /// Takes a file such as `views/prompts.sql`; `nil` for others. What stands in a folder
    /// `internal` is in the schema `ogive_internal`.
    package init?(_ file: SchemaFile) {
        let parts = file.path.split(separator: "/")
        guard let kind = parts.first, kind == "functions" || kind == "views",
            let last = parts.last, last.hasSuffix(".sql"),
            parts.count == 2 || parts.count == 3 && parts[1] == "internal"
        else { return nil }
        self.file = file
        let schema = parts.count == 3 ? "ogive_internal" : "ogive"
        name = "\(schema).\(last.dropLast(".sql".count))"
        let statements = Statements(file.text)
        objects = statements.comments.compactMap(Self.object)
        references = Self.names(in: statements.code)
    }

    /// `ogive.name(types)` of `COMMENT ON FUNCTION ogive.name(types) IS …`; nil of a column.
    private static func object(in comment: String) -> String? {
        let words = comment.split(whereSeparator: \.isWhitespace)
        guard words.count > 4, words[2] == "FUNCTION" || words[2] == "VIEW",
            let end = words.firstIndex(of: "IS")
        else { return nil }
        return words[3..<end].joined(separator: " ")
    }

    private static func names(in code: String) -> Set<String> {
        let tokens = code.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        return Set(
            tokens.compactMap { token in
                let parts = token.split(separator: ".")
                guard parts.count > 1, parts[0] == "ogive" || parts[0] == "ogive_internal"
                else { return nil }
                return "\(parts[0]).\(parts[1])"
            })
    }

    /// The two kinds of text in a file. A COMMENT statement begins at the start of a line, and ends
    /// with a line that ends in `';`.
    private struct Statements {
        var code = ""
        var comments: [String] = []

        init(_ text: String) {
            var comment: String?
            for line in text.split(separator: "\n") {
                if comment != nil || line.hasPrefix("COMMENT ON ") {
                    comment = (comment.map { $0 + "\n" } ?? "") + line
                    if line.hasSuffix("';") {
                        comments.append(comment ?? "")
                        comment = nil
                    }
                } else {
                    code += Self.withoutRemark(line) + "\n"
                }
            }
        }

        /// The line up to `--`.
        private static func withoutRemark(_ line: Substring) -> Substring {
            var last: Character?
            for index in line.indices {
                if line[index] == "-", last == "-" { return line[..<index] }
                last = line[index]
            }
            return line
        }
    }
}
