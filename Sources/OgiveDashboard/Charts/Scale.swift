internal import OgiveCore

/// Maps values to coordinates, along a line.
struct Scale: Hashable, Sendable {
    /// The values at both ends, the first less than the second.
    let low: Double
    let high: Double
    /// The coordinates of both ends.
    let from: Double
    let to: Double

    /// Both are finite; equal ends are moved apart.
    init(_ low: Double, _ high: Double, from: Double, to: Double) {
        let room = low < high ? 0 : max(0.5, abs(low) / 100)
        self.low = low - room
        self.high = max(low, high) + room
        self.from = from
        self.to = to
    }

    /// Covers a range of bins.
    init(_ range: BinnedRange, from: Double, to: Double) {
        self.init(range.low, range.high, from: from, to: to)
    }

    /// The coordinate of a value; one beyond an end is at the end.
    func callAsFunction(_ value: Double) -> Double {
        // Halves, so that a difference of large values does not overflow.
        let share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return from + (to - from) * min(1, max(0, share))
    }

    /// The distance of two marks: 1, 2, 2.5 or 5 times a power of ten, such that there are about
    /// `count` of them.
    func step(_ count: Int) -> Double {
        let rough = (high - low) / Double(count)
        let exponent = NumberLabel.exponent(of: rough)
        var power = 1.0
        for _ in 0..<abs(exponent) { power = exponent > 0 ? power * 10 : power / 10 }
        let choice = [1, 2, 2.5, 5, 10].first { $0 * power >= rough * 0.7 } ?? 10
        return choice * power
    }

    /// Round values between the ends, about `count`, with their labels.
    func ticks(_ count: Int) -> [(value: Double, label: String)] {
        let step = step(count)
        let first = (low / step - 1e-9).rounded(.up)
        guard step > 0, step.isFinite, first.isFinite else { return [] }
        return (0...(2 * count)).map { (first + Double($0)) * step }
            .prefix { $0 <= high + step * 1e-9 }
            .map { ($0, NumberLabel.tick($0, step: step)) }
    }
}

/// Places labels in a column so that they do not lie on each other.
enum LabelColumn {
    /// The places of labels that would best be at `wanted`, in their order: at least `gap` from
    /// each other and, where they fit, between `top` and `bottom`.
    static func places(
        _ wanted: [Double], gap: Double, top: Double, bottom: Double
    ) -> [Double] {
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        var places = wanted
        var next = top
        for index in order {
            places[index] = max(wanted[index], next)
            next = places[index] + gap
        }
        var last = bottom
        for index in order.reversed() {
            places[index] = min(places[index], last)
            last = places[index] - gap
        }
        return places
    }
}
