internal import FoundationEssentials

/// How errors are told apart that servers put into words of their own.
struct ServerErrors: Sendable {
    /// What a prompt, or prompt and completion, that do not fit look like.
    var contextLength: [ErrorSign] = []
    /// What a failure looks like that follows from what was sampled.
    var output: [ErrorSign] = []
    /// Names of errors, in lower case, that come without a number, as the status that they stand
    /// for.
    var statuses: [String: Int] = [:]

    /// Those of all servers: what answers need not be what stands behind a gateway.
    static let all = ServerKind.all.reduce(into: ServerErrors()) { all, kind in
        all.contextLength += kind.errors.contextLength
        all.output += kind.errors.output
        all.statuses.merge(kind.errors.statuses) { first, _ in first }
    }
}

/// What one error of a server looks like. All that is given must be there.
struct ErrorSign: Sendable {
    /// Parts of the message.
    let phrases: [String]
    /// The server's name for the kind of error.
    let type: String?
    /// The request's field that the error is about.
    let parameter: String?

    /// Takes what is known of it.
    init(_ phrases: String..., type: String? = nil, parameter: String? = nil) {
        self.phrases = phrases
        self.type = type
        self.parameter = parameter
    }

    /// Whether `body` is such an error.
    func matches(_ body: ServerErrorBody) -> Bool {
        (type == nil || type == body.type) && (parameter == nil || parameter == body.parameter)
            && phrases.allSatisfy { body.message.contains($0) }
    }
}
