/// The named bounds and intervals of the scheduler. Every queue it keeps is bounded by one.
package struct SchedulerLimits: Hashable, Sendable {
    /// Most draws of one task. Draws of one task are asked for together.
    package var drawsPerTask = 8
    /// Most items of one run that wait for a worker: paging stops there. And most items of all runs
    /// that wait for their commit: beyond it nothing is granted.
    package var windowItems = 16_384
    /// Most prompts that one page brings.
    package var pagePrompts = 1_024
    /// Most items leased or waiting for their commit, over all runs: nothing is granted beyond it,
    /// but for one task alone. What workers hold from before they registered comes on top; that is
    /// bounded by their own `leasesMax` and `unackedMax`.
    package var inFlightItemsMax = 262_144
    /// A landing batch is sent at this many items …
    package var landingItems = 4_096
    /// … or at about this many bytes of results …
    package var landingBytes = 32 << 20
    /// … or when its oldest result is this old.
    package var landingDelay = Duration.milliseconds(50)
    /// Most landing batches on their way at once.
    package var landingsMax = 4
    /// Most bytes, about, of results that wait for their commit: what would go beyond it is not
    /// taken, so that its worker sends it again. Beyond half of it, workers whose results wait are
    /// granted nothing.
    package var landingBytesMax = 512 << 20
    /// The same for the results of one worker.
    package var landingBytesOfWorker = 64 << 20
    /// Bytes of results that each worker may have waiting, however much of others waits: as long as
    /// these shares of all workers of its key are no more than `landingBytesOfKey`.
    package var landingBytesFree = 1 << 20
    /// Parts of more bytes land in batches of their own, one batch at a time: others do not wait
    /// behind them.
    package var largeResultBytes = 1 << 20
    /// How long a worker may take for a task. It bounds a hung worker, not a slow model.
    package var leaseDuration = Duration.seconds(900)
    /// How long a lease may begin anew because its results wait for the database: a worker can let
    /// them wait on purpose. A lease that runs out after that charges no attempt.
    package var waitMax = Duration.seconds(3_600)
    /// How often each side gives a sign of life.
    package var heartbeatInterval = Duration.seconds(2)
    /// After this much silence a worker is taken for lost.
    package var silenceMax = Duration.seconds(10)
    /// A task whose workers were lost or too slow this often becomes a failure, if it had the last
    /// one for itself: what shares a worker with a deadly task is not given up for it.
    package var attemptsMax = 5
    /// A worker that is lost with this many leases or more charges no attempt to them: at most one
    /// of them ended it, and most likely none …
    package var massLossLeases = 8
    /// … but a task that was lost so this often is a suspect all the same.
    package var massLossesMax = 4
    /// First pause after the database refused, doubled up to `databasePauseMax`.
    package var databasePause = Duration.milliseconds(200)
    /// Longest pause after the database refused.
    package var databasePauseMax = Duration.seconds(10)
    /// Most leases that one worker may hold, whatever it asks for and has shown.
    package var creditMax = 4_096
    /// Most leases that a worker may hold beyond its credit because they wait for a scorer. Each of
    /// the runs that it serves gets an equal part.
    package var unscoredMax = 512
    /// A draw that keeps a slot for this long on the mean is long beside a message's way: at the
    /// end of its run no more tasks wait in a worker than are left for each.
    package var longDraw = Duration.milliseconds(100)
    /// Leases of a worker that has finished none yet; each that it finishes allows it one more, and
    /// what it lets run out or forgets halves what it is allowed.
    package var firstLeases = 64
    /// Leases that all workers of one key together may hold that have finished none yet; beyond
    /// them each gets no more than `reducedFirstLeases`.
    package var firstLeasesOfKey = 1_024
    /// Leases of a worker that has finished none yet, where others of its key have many.
    package var reducedFirstLeases = 2
    /// Leases that come back undone (not read, given back, forgotten) from a worker that finished
    /// nothing since the last time bring it a pause, in which it is granted nothing. The first time
    /// costs nothing; the first pause is this long, and each one twice as long as the last …
    package var undonePause = Duration.milliseconds(500)
    /// … up to this long.
    package var undonePauseMax = Duration.seconds(10)
    /// Most bytes of prompts and texts that a worker holds, but for one lease.
    package var leasedBytesOfWorker = 64 << 20
    /// Most bytes of prompts and texts of all leases: nothing is granted beyond it, but for one
    /// lease alone.
    package var leasedBytesMax = 1 << 30
    /// Most workers that are registered, wait to be, or have just left. Others are told to wait.
    package var workersMax = 16_384
    /// A hello that follows an answered one sooner is not answered: the worker repeats it.
    package var helloPause = Duration.milliseconds(500)
    /// Most leases that hellos bring which wait for the first list of runs; the workers repeat the
    /// others.
    package var waitingLeasesMax = 262_144

    /// Workers lost or too slow after which a task is a suspect, to be granted alone.
    var suspectAttempts: Int { max(1, min(2, attemptsMax - 1)) }

    /// Most leases that a worker takes over from before it was registered: more than it could ever
    /// hold with the results that are not acknowledged.
    var adoptedMax: Int { 2 * creditMax }

    /// Most of these workers of one key: one key does not keep those of others out.
    var workersOfKeyMax: Int { max(1, workersMax / 2) }

    /// Most leases that the workers of one key hold while workers of another are there.
    var leasesOfKeyMax: Int { max(1, inFlightItemsMax / max(1, drawsPerTask) / 2) }

    /// Most bytes, about, of results of the workers of one key that wait for their commit while
    /// workers of another are there, and of their free shares at any time.
    var landingBytesOfKey: Int { max(1, landingBytesMax / 2) }

    /// The defaults.
    package init() {}
}

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
    /// The first committed outcome resolves an item, a failure as much as a reward.
    case firstOutcome
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
    /// Whether a prompt gets more draws is decided when all that were asked for are resolved.
    case resolvedPrefix
}
