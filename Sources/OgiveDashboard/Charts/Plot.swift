internal import OgiveCore

/// The frame of a chart: axes with marks and their titles, around a field. Drawings are laid out
/// for a width that a narrow window shows at about its size, so that labels stay readable.
struct Plot: Sendable {
    /// Width of every drawing, in its own units.
    static let width = 440.0
    /// Height of a character and about its mean width, in the same units.
    static let characterHeight = 12.0
    private static let characterWidth = 6.8

    /// Height of the drawing.
    let height: Double
    /// The horizontal axis.
    let x: Scale
    /// The vertical axis, upwards.
    let y: Scale
    private let xTitle: String
    private let yTitle: String
    private let xTicks: [(value: Double, label: String)]
    private let yTicks: [(value: Double, label: String)]

    /// Room for `right` units of labels behind the field. Without marks of its own an axis gets
    /// round ones.
    init(
        x: (low: Double, high: Double), y: (low: Double, high: Double), xTitle: String,
        yTitle: String, height: Double = 264, right: Double = 14,
        xTicks: [(value: Double, label: String)]? = nil,
        yTicks: [(value: Double, label: String)]? = nil
    ) {
        let (top, bottom) = (26.0, height - 40)
        let vertical = Scale(y.low, y.high, from: bottom, to: top)
        let yTicks = yTicks ?? vertical.ticks(4)
        let left = 10 + Self.characterWidth * Double(yTicks.map(\.label.count).max() ?? 0)
        let horizontal = Scale(x.low, x.high, from: left, to: Self.width - right)
        var xTicks = xTicks ?? horizontal.ticks(5)
        // As many as there is room for.
        let widest = Self.characterWidth * Double(xTicks.map(\.label.count).max() ?? 0) + 8
        while xTicks.count > 2, widest * Double(xTicks.count) > horizontal.to - horizontal.from {
            xTicks = xTicks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        }
        self.height = height
        self.x = horizontal
        self.y = vertical
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.xTicks = xTicks
        self.yTicks = yTicks
    }

    /// Axes, marks and titles; it lies below the data.
    var frame: Markup {
        Markup("g", [Attribute("class", "frame"), Attribute("aria-hidden", "true")]) {
            for tick in yTicks {
                line(x.from, y(tick.value), x.to, y(tick.value), "grid")
                label(tick.label, x.from - 6, y(tick.value) + 4, anchor: "end")
            }
            line(x.from, y.from, x.to, y.from, "axis")
            for tick in xTicks {
                line(x(tick.value), y.from, x(tick.value), y.from + 4, "axis")
                label(tick.label, x(tick.value), y.from + 17, anchor: "middle")
            }
            label("↑ \(yTitle)", 2, 12)
            label("\(xTitle) →", Self.width - 2, height - 4, anchor: "end")
        }
    }

    /// A straight line.
    func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
    ) -> Markup {
        Markup(
            "path",
            [
                Attribute("class", style),
                Attribute("d", "M\(Coordinate.point(x1, y1))L\(Coordinate.point(x2, y2))"),
            ])
    }

    /// A label of this program's words.
    func label(
        _ text: String, _ x: Double, _ y: Double, anchor: String = "start", style: String = "label"
    ) -> Markup {
        label(Markup(text), x, y, anchor: anchor, style: style)
    }

    /// A label.
    func label(
        _ text: Markup, _ x: Double, _ y: Double, anchor: String = "start", style: String = "label"
    ) -> Markup {
        Markup(
            "text",
            [
                Attribute("class", style), Attribute("x", x), Attribute("y", y),
                Attribute("text-anchor", anchor),
            ]
        ) { text }
    }

    /// A rectangle between two corners, in coordinates.
    func box(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String,
        opacity: Double = 1
    ) -> Markup {
        Markup(
            "rect",
            [
                Attribute("class", style), Attribute("x", min(x1, x2)),
                Attribute("y", min(y1, y2)), Attribute("width", abs(x2 - x1)),
                Attribute("height", abs(y2 - y1)),
            ] + (opacity < 1 ? [Attribute("fill-opacity", opacity)] : []))
    }
}
