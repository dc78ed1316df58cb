import Foundation
import OgiveCore
import Testing

/// A secret is found however a server writes it back.
@Suite(.timeLimit(.minutes(10))) struct SecretFilterTests {
    private static let key = "sk-Test/7f+9a_Qz=81bC.d2E4"

    private static func percent(_ text: String) -> String {
        text.utf8.map { String(format: "%%%02X", $0) }.joined()
    }

    private static func units(_ text: String, _ prefix: String = "\\u") -> String {
        text.utf8.map { String(format: "\(prefix)%04x", $0) }.joined()
    }

    private static func base64(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
    }

    static let echoes: [(name: String, text: String)] = [
        ("raw", "Incorrect API key provided: \(key)."),
        ("header", "{'authorization': 'Bearer \(key)'}"),
        ("lower case", "bearer \(key.lowercased())"),
        ("JSON's slash", "Bearer " + key.replacing("/", with: "\\/")),
        ("JSON in JSON", "Bearer " + key.replacing("/", with: "\\\\\\/")),
        ("JSON's units", units(key)),
        ("units in JSON in JSON", units(key, "\\\\u")),
        ("URL", "key=" + percent(key)),
        ("URL's reserved", key.replacing("/", with: "%2F").replacing("+", with: "%2b")),
        ("URL in URL", percent(percent(key))),
        ("HTML", key.utf8.map { "&#\($0);" }.joined()),
        ("HTML's digits", key.utf8.map { String(format: "&#x%X;", $0) }.joined()),
        ("base64", base64(key)), ("base64 of Basic", base64("u:" + key)),
        ("base64 of the header", base64("Authorization: Bearer \(key)\r\n")),
        ("base64 of one before", base64("x" + key + "yz")),
        ("base64url", base64(key).replacing("+", with: "-").replacing("/", with: "_")),
        ("base64 in a URL", base64(key).replacing("=", with: "%3D")),
        ("hexadecimal", key.utf8.map { String(format: "%02X", $0) }.joined()),
        ("cut", "Bearer " + key.prefix(16)), ("cut, and more", key.prefix(12) + "…; see the log"),
        ("cut units", units(String(key.prefix(12))) + "\\u00"),
        ("its end", "key ending in " + key.suffix(12)),
        ("its middle", "…" + key.dropFirst(9).prefix(8)),
        ("pieces in lines", pieces(7).joined(separator: "\n")),
        ("pieces in JSON's lines", pieces(7).joined(separator: "\\n")),
        ("pieces in quotes", pieces(6).map { "\"\($0)\"" }.joined(separator: " + ")),
        ("a list of pieces", "[" + pieces(4).map { "'\($0)'" }.joined(separator: ", ") + "]"),
        ("groups", pieces(4).joined(separator: "-")), ("blanks", pieces(1).joined(separator: " ")),
        ("invisible blanks", pieces(1).joined(separator: "\u{200b}")),
        ("accents", pieces(1).joined(separator: "\u{301}")),
        ("octal", key.utf8.map { String(format: "\\%03o", $0) }.joined()),
        ("Swift's units", key.utf8.map { String(format: "\\u{%x}", $0) }.joined()),
        ("quoted-printable", key.utf8.map { String(format: "=%02X", $0) }.joined()),
        ("C's bytes", key.utf8.map { String(format: "0x%02x", $0) }.joined(separator: ", ")),
        ("digits in pairs", key.utf8.map { String(format: "%02x", $0) }.joined(separator: ":")),
        ("HTML without its end", key.utf8.map { "&#\($0)" }.joined()),
        ("a list of bytes", "[" + key.utf8.map { "\($0)" }.joined(separator: ", ") + "]"),
        ("base32", "ONVS2VDFON2C6N3GFM4WCX2RPI6TQMLCIMXGIMSFGQ======"),
        ("base64 in lines", wrapped(base64(key), 20)), ("reversed", String(key.reversed())),
        (
            "full width",
            key.unicodeScalars.map { "\(Unicode.Scalar($0.value + 0xFEE0) ?? $0)" }.joined()
        ),
    ]

    /// The key in pieces of `size` characters.
    private static func pieces(_ size: Int) -> [String] {
        let all = Array(key)
        return stride(from: 0, to: all.count, by: size).map {
            String(all[$0..<min($0 + size, all.count)])
        }
    }

    private static func wrapped(_ text: String, _ size: Int) -> String {
        let all = Array(text)
        return stride(from: 0, to: all.count, by: size).map {
            String(all[$0..<min($0 + size, all.count)])
        }.joined(separator: "\r\n")
    }

    /// What stays readable of a hidden text is short: letters and digits around the marks.
    private static func rest(_ hidden: String) -> String {
        hidden.replacing(SecretFilter.mark, with: "")
    }

    @Test(arguments: echoes.map(\.name)) func `Nearly nothing of it is left`(name: String) throws {
        let text = try #require(Self.echoes.first { $0.name == name }).text
        var filter = SecretFilter()
        filter.add(Self.key)
        // Beginnings, ends and the words around it; of what is encoded by characters nothing.
        let left = Self.rest(filter.hiding(in: text))
        #expect(left.utf8.count <= 36, "\(left)")
    }

    @Test func `Fewer than eight bytes of a secret, and a code of the server's own, stay`() {
        var filter = SecretFilter()
        filter.add(Self.key)
        for text in [String(Self.key.prefix(7)), "sxkx-xTxexsxtx/x7xfx+x9xax_xQxzx"] {
            #expect(filter.hiding(in: text) == text)
        }
    }

    @Test(arguments: echoes.map(\.name)) func `A secret is hidden`(name: String) throws {
        let text = try #require(Self.echoes.first { $0.name == name }).text
        var filter = SecretFilter()
        filter.add(Self.key)
        let hidden = filter.hiding(in: text)
        #expect(hidden.contains(SecretFilter.mark))
        let forms = [Self.key, Self.percent(Self.key), Self.base64(Self.key), Self.units(Self.key)]
        for written in forms {
            for start in 0..<4 {
                let part = written.dropFirst(start).prefix(16)
                #expect(!hidden.lowercased().contains(part.lowercased()), "\(hidden)")
            }
        }
    }

    @Test func `A header's value is known by its key`() {
        var filter = SecretFilter()
        filter.add("Token \(Self.key)")
        #expect(filter.hiding(in: "got <\(Self.key)>") == "got <[hidden]>")
    }

    @Test(arguments: [
        ("postgres://me:hunter2@db/x is down", "postgres://me:[hidden]@db/x is down"),
        ("use Bearer abc123def456", "use Bearer [hidden]"),
        ("Authorization: Basic dXNlcjpwYXNz1w==;", "Authorization: Basic [hidden];"),
    ])
    func `What looks like a secret is hidden, whoever's it is`(text: String, hidden: String) {
        #expect(SecretFilter().hiding(in: text) == hidden)
    }

    @Test(arguments: [
        "a bearer token is required", "Bearer authentication failed", "see http://a:80/b@c",
        "no secret at all: 100 %, \\u, %, &#; &#x;", "", "maximum context length is 512 tokens",
    ])
    func `Other texts stay as they are`(text: String) {
        var filter = SecretFilter()
        filter.add(Self.key)
        filter.add("EMPTY")
        #expect(filter.hiding(in: text) == text)
    }
}
