internal import OgiveCore

extension ConfigurationSection {
    /// What tokens cost: one number for all of them, or a mapping of `input` and `output`.
    func tokenPrice() -> TokenPrice? {
        let key = "price_per_million_tokens"
        if case .scalar? = written(key) {
            let price = number(key, default: 0, "at least 0") { $0 >= 0 }
            return TokenPrice(input: price, output: price)
        }
        return optional(key) { section in
            TokenPrice(
                input: section.number("input", default: 0, "at least 0") { $0 >= 0 },
                output: section.number("output", default: 0, "at least 0") { $0 >= 0 })
        }
    }

    /// What the run may spend: the section `budget`.
    func budget() -> Budget? {
        optional("budget") { section in
            let cost = section.number("cost", default: 0, "more than 0") { $0 > 0 }
            let tokens = section.integer("tokens", default: 0, in: 1...Int.max)
            return Budget(
                cost: section.has("cost") ? cost : nil,
                tokens: section.has("tokens") ? tokens : nil)
        }
    }
}
