internal import OgiveCore
internal import OgiveModels

extension ConfigurationSection {
    /// What tokens cost: one number for all of them, or a mapping of `input` and `output`.
    func tokenPrice() -> TokenPrice? {
        let key = "price_per_million_tokens"
        let about = """
            the price of a million tokens; it is not part of any identity; one number is the price \
            of both
            """
        if case .scalar? = written(key) {
            let price = number(key, default: 0, .notNegative, about)
            return TokenPrice(input: price, output: price)
        }
        return optional(key, about, or: .number(.notNegative)) { section in
            TokenPrice(
                input: section.number(
                    "input", default: 0, .notNegative,
                    "tokens of prompts, once for each request"),
                output: section.number(
                    "output", default: 0, .notNegative, "tokens of completions"))
        }
    }

    /// What the run may spend: the section `budget`.
    func budget() -> Budget? {
        optional(
            "budget",
            """
            stops the run when it is spent: Ogive finishes the prompts that it has begun, and \
            begins no other
            """
        ) { section in
            Budget(
                cost: section.number(
                    "cost", .positive,
                    "in the currency of the prices; needs a price_per_million_tokens",
                    example: "25"),
                tokens: section.integer(
                    "tokens", in: 1...Int.max,
                    "tokens of policy and scorer, read and written", example: "5000000"))
        }
    }
}
