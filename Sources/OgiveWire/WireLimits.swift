internal import OgiveCore

/// The bounds of the wire. Encoders and decoders both hold to them: what one side sends the other
/// takes. The proto file states them too.
package enum WireLimits {
    /// Most bytes of an envelope.
    package static let messageBytes = 32 << 20
    /// Most bytes of one completion, prompt, turn or metadata object.
    package static let textBytes = PromptLimits.textBytes
    /// Most items of a lease, a held lease or a part of a result.
    package static let items = 16_384
    /// Most leases that a `Hello`, a `Welcome` or a `Returned` names, and most parts of results
    /// that an `Ack` does.
    package static let leases = 65_536
    /// Most bytes of a name: of a worker, version, model, adapter or role.
    package static let nameBytes = PromptLimits.nameBytes
    /// Most bytes of a prompt's key.
    package static let keyBytes = PromptLimits.keyBytes
    /// Most bytes of a reason or of a failure's message; longer ones are cut by the sender.
    package static let reasonBytes = 16 << 10
    /// Most tokens of one completion.
    package static let tokens = PossibleLogProbability.tokensMax
    /// Most bytes of a run's specification.
    package static let specBytes = 4 << 20
    /// Most turns of a conversation.
    package static let turns = PromptLimits.turns
    /// Most policies, and most scorers, that a worker offers.
    package static let models = 1_024
    /// Most bytes of the texts of all models of an offer.
    package static let offerBytes = 64 << 10
    /// Most facts of a fingerprint.
    package static let facts = 256
    /// Most bytes of a fact's value.
    package static let factBytes = 16 << 10
    /// Most leases that one `Hello` or `Credit` asks for.
    package static let credit = 1 << 20
    /// Most elements of repeated fields in an envelope, all together: bounds the memory that a
    /// message of many tiny elements takes once decoded.
    package static let elements = 1 << 20
    /// Most bytes of the address of an endpoint, and of what it serves; cut by the sender.
    package static let endpointBytes = 4 << 10
    /// Most parts of a reward.
    package static let parts = ScorerSpec.partsMax
    /// The longest duration.
    package static let durationMax = Duration.seconds(366 * 86_400)
}
