internal import OgiveCore
internal import OgiveModels

/// `scorer.http`: what an HTTP service is asked, and how it is reached.
struct HTTPSection {
    /// What is asked; part of the identity.
    var spec: HTTPScorerSpec
    /// How it is reached.
    var endpoint = HTTPScorerEndpoint()

    /// Reads the section.
    init(from section: ConfigurationSection) {
        spec = HTTPScorerSpec(
            path: section.requiredText("path"), request: section.requiredText("request"),
            score: section.requiredText("score"))
        spec.item = section.text("item")
        spec.errors = section.text("errors")
        endpoint.headers = section.names("headers") ?? [:]
        endpoint.health = section.text("health")
        endpoint.info = section.text("info")
        endpoint.facts = section.text("facts") ?? ""
        for (key, path) in [("health", endpoint.health), ("info", endpoint.info)] {
            if let path, !path.hasPrefix("/") { section.report(key, "must begin with a slash") }
        }
        if section.has("facts"), endpoint.info == nil {
            section.report("facts", "means nothing without \(section.path(of: "info"))")
        }
        // Absent sections are read for their keys alone.
        if section.has("request"), let problem = HTTPScorer.problem(of: spec) {
            section.report("request", "cannot be used: \(problem)")
        }
    }
}
