import Foundation
import Testing

@testable import OgiveDashboard

/// Texts that would do something to a page if a page let them, or hide in it.
let hostile = [
    "<script>alert(1)</script>", "</title></style></svg><script>", "\"><img src=x onerror=a()>",
    "' onclick='a()", "&lt;b&gt; &amp;", "\u{202e}gpj.exe", "\u{2066}x", "a\u{2028}b", "\u{1b}[31m",
    "\u{0}", "\u{feff}", "\u{e0041}", "\u{7f}\u{85}", "]]>", "<!--", "-->", "a\u{3164}\u{34f}",
    "\u{fe0f}\u{2800}", "a" + String(repeating: "\u{301}", count: 1000),
]

extension String {
    /// The values of an attribute, in order.
    func values(of attribute: String) -> [String] {
        components(separatedBy: " \(attribute)=\"").dropFirst().map { rest in
            String(rest.prefix { $0 != "\"" })
        }
    }

    /// The start tags of elements of a name.
    func elements(_ name: String) -> [String] {
        components(separatedBy: "<\(name)").dropFirst().compactMap { rest in
            guard let next = rest.first, next == " " || next == ">" else { return nil }
            return String(rest.prefix { $0 != ">" })
        }
    }

    /// How often a text is there.
    func count(of text: String) -> Int { components(separatedBy: text).count - 1 }
}

/// Fails unless every element is closed where it should be, and every number of a drawing is one,
/// near the field.
func expectWhole(_ html: String, _ location: SourceLocation = #_sourceLocation) {
    let void: Set<String> = ["meta", "br", "link", "input"]
    var open: [String] = []
    for piece in html.components(separatedBy: "<").dropFirst() {
        // A style's own text has none of these.
        let tag = piece.prefix { $0 != ">" }
        if tag.hasPrefix("!") { continue }
        let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
        if tag.hasPrefix("/") {
            #expect(open.popLast() == name, sourceLocation: location)
        } else if !void.contains(name) {
            open.append(name)
        }
    }
    #expect(open.isEmpty, sourceLocation: location)
    for attribute in ["x", "y", "width", "height", "cx", "cy", "r", "fill-opacity"] {
        for value in html.values(of: attribute) {
            let number = Double(value)
            #expect(number.map { (-50...1000).contains($0) } == true, "\(attribute) \(value)")
        }
    }
    for path in html.values(of: "d") {
        let numbers = path.split { "MLHVZ ".contains($0) }
        #expect(!numbers.isEmpty, sourceLocation: location)
        for number in numbers {
            #expect(Double(number).map { (-50...1000).contains($0) } == true, "\(path)")
        }
    }
}

/// Fails unless nothing in it is markup that it should not have, or hidden.
func expectHarmless(_ html: String, _ location: SourceLocation = #_sourceLocation) {
    let text = html.lowercased()
    for word in ["<script", "<img", "<iframe", "<!--", "javascript:", "\u{202e}", "\u{2066}"] {
        #expect(!text.contains(word), "\(word)", sourceLocation: location)
    }
    let hidden = html.unicodeScalars.filter { scalar in
        switch scalar.properties.generalCategory {
        case .control: scalar != "\n" && scalar != "\t"
        case .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: true
        default:
            scalar.value == 0x2800 || scalar.properties.isDefaultIgnorableCodePoint
        }
    }
    #expect(hidden.isEmpty, sourceLocation: location)
    #expect(html.count { $0.unicodeScalars.count > 12 } == 0, sourceLocation: location)
    // No attribute that runs something: names of attributes are the program's own.
    for tag in html.components(separatedBy: "<").dropFirst() {
        let names = tag.prefix { $0 != ">" }.components(separatedBy: "\"").enumerated()
            .filter { $0.offset % 2 == 0 }.map(\.element)
        #expect(!names.contains { $0.contains(" on") }, sourceLocation: location)
    }
}
