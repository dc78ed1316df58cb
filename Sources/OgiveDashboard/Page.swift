internal import FoundationEssentials
internal import OgiveCore

/// A page on its own: it loads nothing, runs nothing, and a browser holds it to that.
package struct Page: Hashable, Sendable {
    /// Its title, a text from outside perhaps.
    package let title: String
    /// What is in its body.
    package let body: Markup

    /// Joins both.
    package init(title: String, body: Markup) {
        self.title = title
        self.body = body
    }

    /// No script, no style but this page's own, nothing from elsewhere (Content Security Policy
    /// Level 3).
    package static let policy: String = {
        let digest = Data(SHA256Digest(hashing: "\(Stylesheet.text)").bytes)
        return "default-src 'none'; style-src 'sha256-\(digest.base64EncodedString())'; "
            + "base-uri 'none'; form-action 'none'"
    }()

    /// The page as a file.
    package var document: String {
        Markup("html", [Attribute("lang", "en")]) {
            Markup("head") {
                Markup("meta", [Attribute("charset", "utf-8")])
                Markup(
                    "meta",
                    [
                        Attribute("http-equiv", "Content-Security-Policy"),
                        Attribute("content", Self.policy),
                    ])
                Markup(
                    "meta",
                    [
                        Attribute("name", "viewport"),
                        Attribute("content", "width=device-width, initial-scale=1"),
                    ])
                Markup(
                    "meta", [Attribute("name", "referrer"), Attribute("content", "no-referrer")])
                Markup("title", [], OutsideText.plain(title))
                Markup.style(Stylesheet.text)
            }
            Markup("body") { Markup("main") { body } }
        }.document
    }
}
