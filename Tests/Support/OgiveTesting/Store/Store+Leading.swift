package import OgiveCore

extension Store {
    /// Leads at once, for five minutes, or throws `.conflict` and says who leads.
    package func lead(as coordinator: String) async throws(StoreError) -> Term {
        switch try await lead(as: coordinator, for: .seconds(300)) {
        case .leading(let term, _): return term
        case .following(let leader): throw StoreError(.conflict, leader.conflict)
        }
    }
}
