internal import OgiveModels

extension ConfigurationSection {
    /// `policy.server`: which server a policy is behind; `nil`, or `auto`, asks it.
    func policyServer() -> ServerKind? {
        let kinds = ServerKind.all.filter(\.completes)
        let name = word("server", among: ["auto"] + kinds.map(\.yamlName))
        return kinds.first { $0.yamlName == name }
    }
}
