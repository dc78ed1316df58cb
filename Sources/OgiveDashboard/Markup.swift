/// A piece of HTML or SVG. Names of elements and attributes are literals of this program; all else
/// is text, which is escaped when it is written: nothing from outside becomes markup.
package struct Markup: Hashable, Sendable {
    private indirect enum Node: Hashable, Sendable {
        case text(String)
        case element(String, [Attribute], [Markup])
        case list([Markup])
        case verbatim(String)
    }

    private let node: Node

    /// Elements that have no content and no end tag (HTML, section 13.1.2, void elements).
    private static let void: Set<String> = ["br", "col", "hr", "img", "input", "link", "meta"]

    /// A text; what cannot be seen in it is made visible by `OutsideText` before.
    package init(_ text: String) {
        node = .text(text)
    }

    /// An element. `name` is a literal, such as `p`.
    package init(
        _ name: StaticString, _ attributes: [Attribute] = [],
        @MarkupBuilder _ content: () -> Markup = { .empty }
    ) {
        node = .element("\(name)", attributes, [content()])
    }

    /// An element that holds a text.
    package init(_ name: StaticString, _ attributes: [Attribute] = [], _ text: String) {
        node = .element("\(name)", attributes, [Markup(text)])
    }

    /// One after the other.
    package init(_ pieces: [Markup]) {
        node = .list(pieces)
    }

    /// A sentence of this program's own: what stands in it between backticks is code, and a time
    /// (`2026-11-30T01:02:03Z`) stays on one line.
    package static func words(_ sentence: String) -> Markup {
        var isCode = true
        return Markup(
            sentence.split(separator: "`", omittingEmptySubsequences: false).map { part in
                isCode.toggle()
                return isCode ? Markup("code", [], String(part)) : withTimes(part)
            })
    }

    private static func withTimes(_ text: Substring) -> Markup {
        var (pieces, rest): ([Markup], Substring) = ([], text)
        while let found = rest.firstMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/) {
            pieces.append(Markup(String(rest[..<found.range.lowerBound])))
            pieces.append(Markup("span", [Attribute("class", "time")], String(rest[found.range])))
            rest = rest[found.range.upperBound...]
        }
        return Markup(pieces + [Markup(String(rest))])
    }

    private init(_ node: Node) {
        self.node = node
    }

    /// Nothing.
    package static let empty = Markup([])

    /// The sheet of styles of a page: it stands as it is, so it is a literal.
    package static func style(_ sheet: StaticString) -> Markup {
        Markup(.element("style", [], [Markup(.verbatim("\(sheet)"))]))
    }

    /// The whole page.
    package var document: String {
        var text = "<!DOCTYPE html>\n"
        write(to: &text)
        return text + "\n"
    }

    /// The piece alone.
    package var html: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to output: inout String) {
        switch node {
        case .text(let text): Self.escape(text, to: &output)
        case .verbatim(let text): output += text
        case .list(let pieces): for piece in pieces { piece.write(to: &output) }
        case .element(let name, let attributes, let content):
            output += "<\(name)"
            for attribute in attributes {
                output += " \(attribute.name)=\""
                Self.escape(attribute.value, to: &output)
                output += "\""
            }
            output += ">"
            if Self.void.contains(name) { return }
            for piece in content { piece.write(to: &output) }
            output += "</\(name)>"
        }
    }

    /// As elements and quoted attributes hold text (HTML, section 13.3, escaping a string).
    private static func escape(_ text: String, to output: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.unicodeScalars.append(scalar)
            }
        }
    }
}

/// An attribute of an element; its value is escaped where it is written.
package struct Attribute: Hashable, Sendable {
    let name: String
    let value: String

    /// An attribute; `name` is a literal, such as `class`.
    package init(_ name: StaticString, _ value: String) {
        self.name = "\(name)"
        self.value = value
    }

    /// A number of a drawing, in its units: two decimals, and never `nan` or `inf`.
    package init(_ name: StaticString, _ value: Double) {
        self.init(name, Coordinate.text(value))
    }
}

/// Puts pieces one after the other.
@resultBuilder
package enum MarkupBuilder {
    /// A piece.
    package static func buildExpression(_ piece: Markup) -> Markup { piece }
    /// A text.
    package static func buildExpression(_ text: String) -> Markup { Markup(text) }
    /// Pieces in order.
    package static func buildBlock(_ pieces: Markup...) -> Markup { Markup(pieces) }
    /// A piece that may be missing.
    package static func buildOptional(_ piece: Markup?) -> Markup { piece ?? .empty }
    /// One of two.
    package static func buildEither(first piece: Markup) -> Markup { piece }
    /// The other one.
    package static func buildEither(second piece: Markup) -> Markup { piece }
    /// One for each element of a loop.
    package static func buildArray(_ pieces: [Markup]) -> Markup { Markup(pieces) }
}
