internal import OgiveCore
internal import OgiveModels

/// `scorer.http`: what an HTTP service is asked, and how it is reached.
struct HTTPSection {
    /// What is asked; part of the identity.
    var spec: HTTPScorerSpec
    /// How it is reached.
    var endpoint = HTTPScorerEndpoint()

    /// Reads the section `http` of a scorer, if it is there.
    static func read(_ scorer: ConfigurationSection) -> HTTPSection? {
        scorer.optional(
            "http",
            """
            Only for kind http: any service that takes and gives JSON. {{prompt}}, {{completion}}, \
            {{messages}}, {{conversation}}, {{tools}}, {{metadata}}, {{metadata.FIELD}} are put in \
            as JSON, within a text as text.
            """,
            HTTPSection.init(from:))
    }

    /// Reads the section.
    init(from section: ConfigurationSection) {
        spec = HTTPScorerSpec(
            path: section.requiredText(
                "path", "the path that is posted to", example: "/score"),
            request: section.requiredText(
                "request", "the request; with {{items}} for a batch, else of one pair",
                example: "'{\"items\": {{items}}}'"),
            score: section.requiredText(
                "score", "JSON pointer of the reward; `*`: the item's place in the list",
                example: "/rewards/*"))
        spec.item = section.text(
            "item", "one of {{items}}",
            example: "'{\"messages\": {{messages}}, \"completion\": {{completion}}}'",
            absent: "one pair a request")
        spec.errors = section.text(
            "errors",
            "JSON pointer of an item's error: null, a text, or {\"code\", \"message\"}",
            example: "/errors/*")
        endpoint.headers =
            section.names("headers", "headers of each request", example: "{X-Team: ogive}") ?? [:]
        endpoint.health = section.text(
            "health", "page that answers 200 when it can be asked", example: "/health",
            absent: "none")
        endpoint.info = section.text(
            "info", "page with what identifies the model", example: "/info", absent: "none")
        endpoint.facts =
            section.text(
                "facts", "JSON pointer of the object in it", example: "/facts",
                absent: "the whole") ?? ""
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
