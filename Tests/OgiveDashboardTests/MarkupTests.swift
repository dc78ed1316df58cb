import OgiveCore
import Testing

@testable import OgiveDashboard

/// Nothing from outside becomes markup, or hides.
@Suite(.timeLimit(.minutes(10))) struct MarkupTests {
    @Test func `Elements hold attributes, texts and each other`() {
        let piece = Markup("p", [Attribute("class", "a"), Attribute("x", 1.5)]) {
            "one "
            Markup("b", [], "two")
            for number in 3...4 { Markup(" \(number)") }
            if number(true) { " five" } else { " six" }
            if number(false) { " seven" }
        }
        #expect(piece.html == #"<p class="a" x="1.5">one <b>two</b> 3 4 five</p>"#)
        #expect(Markup("meta", [Attribute("charset", "utf-8")]).html == #"<meta charset="utf-8">"#)
        #expect(Markup.empty.html.isEmpty)
    }

    private func number(_ value: Bool) -> Bool { value }

    @Test(arguments: hostile) func `Texts and values of attributes are escaped`(text: String) {
        let html = Markup("p", [Attribute("title", text)], text).html
        for part in [html.dropFirst(#"<p title=""#.count).prefix { $0 != "\"" }, html[...]] {
            #expect(!part.contains("<script") && !part.contains("<img") && !part.contains("<!--"))
        }
        // Bytes: a character may be one with what follows it.
        for (byte, count) in [(UInt8(ascii: "<"), 2), (UInt8(ascii: ">"), 2)] {
            #expect(html.utf8.count { $0 == byte } == count)
        }
        #expect(html.utf8.count { $0 == UInt8(ascii: "\"") } == 2)
        #expect(html.utf8.count { $0 == UInt8(ascii: "'") } == 0)
    }

    @Test func `Escapes are those of HTML`() {
        #expect(Markup("<a href=\"b\">'&amp;").html == "&lt;a href=&quot;b&quot;&gt;&#39;&amp;amp;")
    }

    @Test(arguments: hostile) func `What is hidden in a text is shown`(text: String) {
        let lines = [
            OutsideText.line(text), OutsideText.line(CutText(text)),
            OutsideText.block(CutText("a\n\tb" + text)), Markup(OutsideText.plain(text)),
        ]
        for line in lines {
            expectHarmless(line.html)
            expectWhole(line.html)
        }
    }

    @Test func `Escapes name the character`() {
        #expect(
            OutsideText.line("a\u{202e}b\nc").html
                == #"a<code class="escape">\u{202e}</code>b<code class="escape">\n</code>c"#)
        #expect(OutsideText.plain("a\u{1b}[31m") == "a\\u{1b}[31m")
    }

    @Test(arguments: ["plain", "Ünïcödé ✓ — 数学 🙂", "👩‍👩‍👧", "می‌خواهم", ""])
    func `Text of any script is left alone`(text: String) {
        #expect(OutsideText.line(text).html == text)
        #expect(OutsideText.block(CutText(text)).html.contains(">\(text)<"))
    }

    @Test func `A cut text says how much is missing`() {
        let html = OutsideText.block(CutText("abc", characters: 1_000_003)).html
        #expect(html.contains("abc<span class=\"note\"> … 1\u{202f}000\u{202f}000 more characters"))
        #expect(
            OutsideText.line(CutText("abc", characters: 4)).html.contains(" … 1 more character<"))
        #expect(!OutsideText.line(CutText("abc")).html.contains("more"))
    }

    @Test func `Coordinates are short, and always numbers`() {
        let values: [(Double, String)] = [
            (0, "0"), (1, "1"), (1.5, "1.5"), (-0.25, "-0.25"), (2.004, "2"), (2.005001, "2.01"),
            (.nan, "0"), (.infinity, "0"), (-1e300, "0"), (-0.001, "0"), (12.05, "12.05"),
        ]
        for (value, text) in values { #expect(Coordinate.text(value) == text) }
    }
}

/// Numbers as people read them.
@Suite(.timeLimit(.minutes(10))) struct NumberLabelTests {
    @Test func `Values have their significant digits`() {
        let values: [(Double, String)] = [
            (0, "0"), (1, "1"), (-1.25, "−1.25"), (123.456, "123.5"), (0.000123456, "0.0001235"),
            (1e7, "1e7"), (-2.5e140, "−2.5e140"), (1.5e-9, "1.5e-9"),
            (1_234_567, "1\u{202f}234\u{202f}567"), (22_129, "22\u{202f}129"),
            (-1234.5, "−1\u{202f}235"),
            (.nan, "–"), (.infinity, "∞"), (-.infinity, "−∞"), (2, "2"),
        ]
        for (value, text) in values { #expect(NumberLabel.value(value) == text) }
        #expect(NumberLabel.value(0.16667, digits: 2) == "0.17")
        #expect(NumberLabel.value(0.000271_855_872_596, digits: 6) == "0.000271856")
        #expect(NumberLabel.decimal(-999_999_999.5, 9) == "−999\u{202f}999\u{202f}999.500000000")
    }

    @Test func `A share is 0 or all only when it is`() {
        #expect(NumberLabel.share(0, of: 10) == "0.0\u{202f}%")
        #expect(NumberLabel.share(10, of: 10) == "100.0\u{202f}%")
        #expect(NumberLabel.share(1, of: 1_000_000) == "< 0.01\u{202f}%")
        #expect(NumberLabel.share(999_999, of: 1_000_000) == "> 99.99\u{202f}%")
        #expect(NumberLabel.share(1, of: 30) == "3.33\u{202f}%")
        #expect(NumberLabel.share(1, of: 0) == "–")
    }

    @Test func `Counts have groups`() {
        #expect(NumberLabel.count(1_234_567) == "1\u{202f}234\u{202f}567")
        #expect(NumberLabel.count(-1000) == "−1\u{202f}000")
        #expect(NumberLabel.count(12) == "12")
        #expect(NumberLabel.decimal(22_129.456, 2) == "22\u{202f}129.46")
        #expect(NumberLabel.decimal(-0.5, 0) == "−1" && NumberLabel.decimal(999.4, 0) == "999")
    }

    @Test func `Nouns are counted`() {
        #expect(NumberLabel.count(1, "worker", "is", "are") == "1 worker is")
        #expect(NumberLabel.count(0, "worker", "is", "are") == "0 workers are")
        #expect(NumberLabel.count(1234, "draw") == "1\u{202f}234 draws")
    }

    @Test func `A sentence of this program has code and times, and no other markup`() {
        let html = Markup.words("as of 2026-11-30T01:02:03Z: `ogive <report>` reads <b>, 2026").html
        #expect(
            html == #"as of <span class="time">2026-11-30T01:02:03Z</span>: "#
                + "<code>ogive &lt;report&gt;</code> reads &lt;b&gt;, 2026")
    }
}
