internal import OgiveModels

extension ConfigurationSection {
    /// `policy.server`: which server a policy is behind; `nil`, or `auto`, asks it.
    func policyServer() -> ServerKind? {
        let kinds = ServerKind.all.filter(\.completes)
        let name = word(
            "server", among: ["auto"] + kinds.map(\.yamlName), default: "auto",
            "which server it is; auto: Ogive asks the server")
        return kinds.first { $0.yamlName == name }
    }
}
