internal import OgiveStore

extension RunSpending {
    /// For a script.
    var json: JSONValue {
        func number(_ value: (some CustomStringConvertible)?) -> JSONValue {
            value.map { .number("\($0)") } ?? .null
        }
        return .object([
            "tokens": .number("\(tokens)"), "cost": number(cost),
            "estimated_tokens": number(estimatedTokens), "estimated_cost": number(estimatedCost),
            "budget_tokens": number(budgetTokens), "budget_cost": number(budgetCost),
        ])
    }

    /// What was spent, for a person: tokens and cost, of what they may be, and the whole.
    var text: String {
        var parts = [
            "\(NumberText.count(tokens)) tokens"
                + (budgetTokens.map { " of \(NumberText.count($0))" } ?? "")
        ]
        if let cost {
            parts.append(
                "cost \(NumberText.cost(cost))"
                    + (budgetCost.map { " of \(NumberText.cost($0))" } ?? ""))
        }
        if let estimatedTokens, estimatedTokens != tokens {
            let cost = estimatedCost.map { ", cost \(NumberText.cost($0))" } ?? ""
            parts.append("the whole run about \(NumberText.count(estimatedTokens))\(cost)")
        }
        return parts.joined(separator: "; ")
    }
}

extension RunStatus {
    /// What a run with prices or a budget has spent; `nil` for another.
    var spendingLine: String? {
        guard spending.cost != nil || spending.hasBudget else { return nil }
        return "\(run): \(spending.text)" + (isOutOfBudget ? "; \(Self.budgetAdvice)" : "")
    }

    /// What to do about a spent budget.
    static let budgetAdvice = "the budget is spent: raise `run.budget` and run again to go on"
}
