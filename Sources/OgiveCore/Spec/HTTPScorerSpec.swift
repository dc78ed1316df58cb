/// What an HTTP service is asked and where in its answer the reward stands.
///
/// All of it is part of the scoring's identity; the address, keys and headers are not.
package struct HTTPScorerSpec: Hashable, Sendable, Codable {
    /// The path that is posted to.
    package var path: String
    /// The request as JSON with placeholders: `{{prompt}}`, `{{completion}}`, `{{messages}}`,
    /// `{{conversation}}`, `{{metadata}}`, `{{metadata.FIELD}}`; or with `{{items}}`, a list with
    /// one `item` for each completion.
    package var request: String
    /// One element of `{{items}}`, with the placeholders above; `nil` sends one pair a request.
    package var item: String?
    /// The JSON pointer (RFC 6901) of the reward; with `item`, one `*` stands for the place in the
    /// list.
    package var score: String
    /// The JSON pointer of an item's error; a reward counts only where it finds nothing or null.
    package var errors: String?

    /// One pair a request.
    package init(path: String, request: String, score: String) {
        self.path = path
        self.request = request
        self.score = score
    }
}
