/// How a generic HTTP service is reached and asked about itself.
package struct HTTPScorerEndpoint: Hashable, Sendable {
    /// Headers of each request; never logged.
    package var headers: [String: String] = [:]
    /// A page that answers 200 when the service can be asked; `nil` asks for none.
    package var health: String?
    /// A page with what identifies the model; `nil` asks for none.
    package var info: String?
    /// The JSON pointer of the object in it.
    package var facts = ""

    /// Neither headers nor pages.
    package init() {}
}
