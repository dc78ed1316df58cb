/// The sum of rewards, as PostgreSQL's `sum(reward::numeric)` gives it: each is rounded to the 15
/// significant digits that the cast keeps, and their sum is exact. So it neither overflows nor
/// depends on an order, and an audit in SQL finds the same.
///
/// PostgreSQL prints each number and reads it again, which takes it a tenth of what landing a draw
/// does. Here the digits are added as whole numbers, those of one power of ten together. What is
/// beyond this arithmetic is left to PostgreSQL.
struct RewardSum: Sendable {
    /// Sums of digits by their power of ten.
    private var sums: [Int: Int128] = [:]
    /// Rewards that PostgreSQL adds.
    private(set) var others: [Double] = []

    /// Adds up `rewards`.
    init(_ rewards: some Sequence<Double>) {
        // Most have one power of ten: a dictionary is looked into when it changes.
        var (power, sum): (Int, Int128) = (0, 0)
        for reward in rewards {
            guard let decimal = Decimal15(reward) else {
                others.append(reward)
                continue
            }
            if decimal.power != power {
                sums[power, default: 0] += sum
                (power, sum) = (decimal.power, 0)
            }
            sum += Int128(decimal.digits)
        }
        sums[power, default: 0] += sum
    }

    /// Numbers whose sum this is, with that of `others`, as `numeric` reads them. One that is 0
    /// counts: PostgreSQL keeps the places of all that it added.
    var parts: [String] {
        sums.sorted { $0.key < $1.key }.map { "\($0.value)e\($0.key)" }
    }
}

/// A number with 15 significant digits or fewer: `digits` × 10 to the `power`, which is at most 0.
struct Decimal15: Equatable {
    /// With its sign. They end with no 0 behind the point.
    let digits: Int64
    let power: Int

    /// 10¹⁴, the least number of 15 digits.
    private static let least: UInt128 = 100_000_000_000_000
    /// Powers of five that fit beside the 53 bits of a number.
    private static let powersOfFive: [UInt128] = {
        var powers: [UInt128] = [1]
        for _ in 0..<27 { powers.append(powers[powers.count - 1] * 5) }
        return powers
    }()

    /// The nearest to `value`, of two the even one, as `printf` rounds; `nil` when that is beyond
    /// 128 bits: for magnitudes below about 10⁻¹³ and above 10¹⁵.
    init?(_ value: Double) {
        if value == 0 {
            self.init(digits: 0, power: 0)
            return
        }
        guard value.isNormal else { return nil }
        let significand = UInt128(value.significandBitPattern | 1 << 52)
        // The number is `significand` × 2 to the `exponent`.
        let exponent = Int(value.exponent) - 52
        // Digits before the point, or one less: 0.30103 is the logarithm of 2.
        var places = 14 - Int((Double(value.exponent) * 0.30103).rounded(.down))
        for _ in 0..<2 {
            guard Self.powersOfFive.indices.contains(places) else { return nil }
            // Times 10 to the `places`: exact, and then cut off after so many bits.
            let product = significand * Self.powersOfFive[places]
            let shift = -(exponent + places)
            guard shift >= 0, shift < 127 else { return nil }
            let whole = product >> UInt128(shift)
            if whole >= 10 * Self.least {
                places -= 1
                continue
            }
            guard whole >= Self.least else { return nil }
            let rest = product - whole << UInt128(shift)
            let half: UInt128 = shift == 0 ? 0 : 1 << UInt128(shift - 1)
            let isUp = shift > 0 && (rest > half || rest == half && whole & 1 == 1)
            let digits = Int64(whole) + (isUp ? 1 : 0)
            self.init(digits: value < 0 ? -digits : digits, power: -places)
            return
        }
        return nil
    }

    private init(digits: Int64, power: Int) {
        var (digits, power) = (digits, power)
        while power < 0, digits.isMultiple(of: 10) {
            digits /= 10
            power += 1
        }
        self.digits = digits
        self.power = power
    }
}
