/// What the dashboard needs of the database: reading only, with a reader's rights. Every answer is
/// bounded, and but for `ranks` comes in a time that does not grow with the number of prompts.
package protocol DashboardReader: Sendable {
    /// Runs by descending number, from those before `id`; at most `limit`.
    func runs(before id: RunID?, limit: Int) async throws(StoreError) -> [RunOverview]

    /// A run; throws `.conflict` when there is none of this number.
    func run(_ id: RunID) async throws(StoreError) -> RunOverview

    /// Other runs that a run can be compared with, the latest ones.
    func related(to run: RunOverview) async throws(StoreError) -> [RelatedRun]

    /// Snapshots of a run, the latest ones.
    func snapshots(of run: RunOverview) async throws(StoreError) -> [SnapshotOverview]

    /// Counters of a run over time, ascending; at most `limit`, the latest ones.
    func history(of run: RunID, limit: Int) async throws(StoreError) -> [RunMoment]

    /// What a run samples and scores, and who said so.
    func source(of run: RunOverview) async throws(StoreError) -> ReportSource

    /// Some tables of a run.
    func sample(of run: RunOverview) async throws(StoreError) -> RunSample

    /// How many of some tables of a run have equal rewards only.
    func degenerate(of run: RunOverview) async throws(StoreError) -> (count: Int, of: Int)

    /// What was given up, by code and stage, with the first ones of each; of very many failures
    /// some.
    func failures(of run: RunOverview) async throws(StoreError) -> FailureSample

    /// A page of prompts.
    func prompts(
        of run: RunOverview, _ query: PromptQuery
    ) async throws(StoreError) -> PromptListing

    /// What the prompts after `cursor` are sorted by, in order of number; at most `limit`.
    func ranks(
        of run: RunOverview, after cursor: PromptID?, limit: Int
    ) async throws(StoreError) -> [PromptRank]

    /// A prompt; throws `.conflict` when the run has none of this number.
    func prompt(_ id: PromptID, of run: RunOverview) async throws(StoreError) -> PromptDetail

    /// A completion with at most `characters` of its text; throws `.conflict` when there is none.
    func completion(
        _ draw: Int32, of prompt: PromptID, in run: RunOverview, characters: Int
    ) async throws(StoreError) -> CompletionDetail

    /// How long the text of a completion is, up to `characters`; throws `.conflict` when there is
    /// none.
    func text(
        _ draw: Int32, of prompt: PromptID, in run: RunID, characters: Int
    ) async throws(StoreError) -> LongText

    /// A part of a text: `characters` from the place `from` on. Throws `.conflict` when it is gone.
    func part(
        of text: LongText, from: Int, characters: Int
    ) async throws(StoreError) -> String

    /// The coordinator and its workers.
    func fleet() async throws(StoreError) -> FleetStatus

    /// Rewards of the same completions in two runs.
    func comparison(
        of first: RunOverview, with second: RunOverview
    ) async throws(StoreError) -> ScoringComparison

    /// How rewards moved from one reference version to another, by some prompts.
    func drift(
        from first: RunOverview, to second: RunOverview
    ) async throws(StoreError) -> VersionComparison

    /// Some prompts in two snapshots of a run; 0 is what is there now.
    func comparison(
        of run: RunOverview, snapshot first: Int64, with second: Int64
    ) async throws(StoreError) -> SnapshotComparison
}
