/// The rules whose breach the simulator must see: debug builds can turn one off to prove it.
///
/// A release build has no place to store such a wish: there every guard is on.
package enum Guard: String, Hashable, Sendable, CaseIterable {
    /// A result counts under the lease's current epoch only.
    case epoch
    /// Leases and messages of another term are not this coordinator's.
    case term
    /// The database refuses a coordinator whose term is over.
    case databaseTerm
    /// A result is acknowledged after its commit only.
    case ackAfterCommit
    /// A committed text never changes.
    case once
    /// The first committed outcome settles an item, a failure as much as a reward.
    case settleFirst
    /// A worker gets no more leases than it is willing to hold.
    case credit
    /// Whether a result is kept does not depend on what it says.
    case outcomeBlindness
    /// A worker that is not known is asked to register.
    case reRegistration
    /// Leases run out.
    case deadline
    /// A result counts, and a lease goes on, with the proof that it was granted only.
    case leaseProof
    /// Messages under a worker's id come from the owner of its key.
    case ownership
    /// A prompt that was begun gets all of its draws, whatever is spent.
    case wholePrompts
    /// A run that samples nothing gets items with a text only.
    case storedTexts
    /// Whether a prompt gets more draws is decided when all that were asked for are settled.
    case settledPrefix
}
