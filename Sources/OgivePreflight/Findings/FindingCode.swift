/// What a preflight looks at. The raw values are stable: scripts may rely on them.
package enum FindingCode: String, Hashable, Sendable, CaseIterable {
    /// The policy's server answers, with this model and key.
    case policyAnswers = "policy.answers"
    /// The same seed gives the same text.
    case policyDeterministic = "policy.deterministic"
    /// Different seeds give different texts.
    case policySeeds = "policy.seeds"
    /// Choice i of a request has the seed s + i.
    case policyChoices = "policy.choices"
    /// The temperature is heeded.
    case policyTemperature = "policy.temperature"
    /// `max_tokens` is heeded.
    case policyMaxTokens = "policy.max_tokens"
    /// Completions end by themselves, and their end token is counted.
    case policyEnding = "policy.ending"
    /// Log-probabilities are there and are such.
    case policyLogProbabilities = "policy.log_probabilities"
    /// Prompts and completions fit the context.
    case policyContext = "policy.context"
    /// The prompt begins with one BOS.
    case policyBOS = "policy.bos"
    /// The chat template shows all that the prompts have: tools, names, calls.
    case policyTemplate = "policy.template"
    /// The scorer can carry every prompt.
    case scorerPrompts = "scorer.prompts"
    /// The scorer answers.
    case scorerAnswers = "scorer.answers"
    /// The same text twice has the same reward.
    case scorerDeterministic = "scorer.deterministic"
    /// A text has the same reward alone and among others.
    case scorerBatches = "scorer.batches"
    /// Different texts have different rewards.
    case scorerVaries = "scorer.varies"
    /// Rewards are raw and not squashed.
    case scorerRaw = "scorer.raw"
    /// The end and the beginning of a long text count.
    case scorerTruncation = "scorer.truncation"
    /// Prompts and completions fit the context.
    case scorerContext = "scorer.context"
    /// The scored text begins with one BOS.
    case scorerBOS = "scorer.bos"
    /// Policy and reward model render a conversation alike.
    case templates
    /// The prompts can be read.
    case prompts
    /// How fast it goes, how long it takes, what it costs.
    case throughput
    /// The budget suffices and can be kept.
    case budget
    /// The database is there, of a fit version and schema, with the rights that are needed.
    case database
    /// What is landed fits the disk.
    case diskSpace = "disk_space"
    /// The coordinator can listen.
    case coordinator
}
