/// How completions of others are read: the section `adopt`.
struct AdoptConfiguration: Hashable, Sendable {
    /// Which fields of a row mean what, for shapes that are not recognised.
    var fields: AdoptionMap?

    /// Reads the section.
    init(from section: ConfigurationSection) {
        fields = section.optional(
            "fields",
            """
            For rows of any other shape: which fields are completions and rewards, written as in \
            `prompts.fields`. Give exactly one of `completions` and `completion`.
            """,
            AdoptionMap.init(from:))
    }
}

extension AdoptionMap {
    /// Reads the section `adopt.fields`.
    init(from section: ConfigurationSection) {
        self.init()
        completions = section.text(
            "completions", "field with the list of a prompt's completions",
            example: "responses")
        completion = section.text(
            "completion", "field with one completion, where each has a row", example: "response")
        rewards = section.text(
            "rewards", "beside `completions`: field with the list of their rewards",
            example: "scores")
        reward = section.text(
            "reward", default: reward, "field of a row, or of an element of the list, with a reward"
        )
        text = section.text(
            "text", "field of an element of the list with its text", example: "output",
            absent: "text, completion, content")
        finishReason = section.text(
            "finish_reason", default: finishReason,
            "field of a row or an element that says why it ended: stop or length")
        tokens = section.text(
            "tokens", "field of a row or an element with its number of tokens",
            example: "n_tokens", absent: "token_count, usage.completion_tokens of an element")
        if (completions == nil) == (completion == nil) {
            section.reading.report(
                "\(section.path) must give either `completions` or `completion`",
                at: section.place)
        }
        if rewards != nil, completions == nil {
            section.report("rewards", "means nothing without `completions`")
        }
    }
}
