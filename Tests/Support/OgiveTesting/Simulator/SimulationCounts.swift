/// How often things happened in a simulation: a scenario whose fault never came proves nothing.
package struct SimulationCounts: Hashable, Sendable {
    /// Messages lost by chance.
    package var messagesLost = 0
    /// Messages delivered twice.
    package var messagesDoubled = 0
    /// Messages held back by a clogged link.
    package var messagesHeld = 0
    /// Messages lost on a link that is cut.
    package var messagesCut = 0
    /// Leases that were sent and never arrived.
    package var leasesLost = 0
    /// Results that were sent and never arrived.
    package var resultsLost = 0
    /// Acknowledgements that were sent and never arrived.
    package var acksLost = 0
    /// Parts of results that were sent more than once.
    package var resultsResent = 0
    /// Parts that were acknowledged more than once.
    package var acksRepeated = 0
    /// Times that all workers ended at once.
    package var massEnds = 0
    /// Workers that went to another coordinator, because theirs had too many.
    package var workersMoved = 0
    /// Times that runs went to other coordinators.
    package var regroupings = 0
    /// Workers that died.
    package var workersCrashed = 0
    /// Workers that were stopped and continued.
    package var workersPaused = 0
    /// Tasks on which a worker hung.
    package var tasksHung = 0
    /// Workers that the coordinator took for lost.
    package var workersLost = 0
    /// Those of them that registered again under the same id.
    package var workersBack = 0
    /// Leases that ran out.
    package var leasesExpired = 0
    /// Results that came after their lease ran out and before another grant: they count.
    package var lateResults = 0
    /// Results dropped because their lease was granted anew.
    package var staleResults = 0
    /// Leases that went on under a new coordinator or registration.
    package var adopted = 0
    /// Workers that were asked to register again.
    package var reRegistrations = 0
    /// Coordinators that began to lead after the first.
    package var coordinatorsReplaced = 0
    /// Coordinators that were stopped and continued.
    package var coordinatorsPaused = 0
    /// Coordinators that stepped down because another leads.
    package var coordinatorsSteppedDown = 0
    /// Writes that the database refused for their term.
    package var staleTermsRefused = 0
    /// Commits that failed.
    package var commitsFailed = 0
    /// Commits that happened while their coordinator heard that nobody knows.
    package var commitsUnnoticed = 0
    /// Commits whose coordinator died before it heard of them.
    package var commitsUnheard = 0
    /// Calls that a database refused that was away.
    package var callsRefused = 0
    /// Writes that a read-only database refused.
    package var writesRefused = 0
    /// Times that a worker named leases which it was never granted.
    package var forgeries = 0
    /// Parts of results that a coordinator refused.
    package var rejected = 0
    /// Results that were landed already.
    package var duplicates = 0
    /// Steps of a wall clock.
    package var clockSteps = 0
    /// Messages under a stolen id.
    package var thefts = 0
    /// Those of them that were dropped.
    package var theftsDropped = 0
    /// Workers that a poison prompt ended.
    package var poisonings = 0
    /// Runs that were closed because their budget was spent.
    package var budgetsSpent = 0
    /// Items that were given up because their workers were lost or too slow.
    package var itemsGivenUp = 0
    /// Times that a person asked for another scoring of what is stored.
    package var rescorings = 0
    /// Prompts of which an adaptive run asked for more than at first.
    package var targetsRaised = 0

    /// Nothing happened.
    package init() {}
}
