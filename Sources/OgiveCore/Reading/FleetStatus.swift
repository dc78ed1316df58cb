/// The coordinator and its workers, as the database knows them.
package struct FleetStatus: Hashable, Sendable {
    /// A worker incarnation.
    package struct Worker: Hashable, Sendable {
        /// The incarnation.
        package var id: String
        /// Host and process id, as the worker says.
        package var name: String
        /// `active`, `idle`, `draining`, `left` or `lost`.
        package var state: String
        /// Why it gets no work.
        package var note: String?
        /// When its state was last recorded, in UTC.
        package var seenAt: String
        /// Endpoints of its models that get no requests for now, each in a sentence.
        package var outages: [String]
        /// What it said of itself and of its load.
        package var report: Report

        /// What a worker says of itself; each is `nil` until it did.
        package struct Report: Hashable, Sendable {
            /// The machine that it runs on.
            package var host: String?
            /// The job of the cluster that it is.
            package var job: String?
            /// Version of its program.
            package var version: String?
            /// The addresses of its models' servers.
            package var endpoints: [String] = []
            /// Draws a second of late.
            package var drawsPerSecond: Double?
            /// Tokens of completions a second of late.
            package var tokensPerSecond: Double?
            /// Share of the time of its slots, of late, that they were busy.
            package var busyShare: Double?

            /// Nothing yet.
            package init() {}
        }

        /// Joins the parts.
        package init(
            id: String, name: String, state: String, note: String?, seenAt: String,
            outages: [String], report: Report = Report()
        ) {
            self.id = id
            self.name = name
            self.state = state
            self.note = note
            self.seenAt = seenAt
            self.outages = outages
            self.report = report
        }
    }

    /// Most workers that are read, those that were seen last.
    package static let workersMax = 500

    /// The coordinator that leads, or led last; `nil` when it resigned.
    package var coordinator: String?
    /// Its fencing number.
    package var term: Int64
    /// Whether it leads now.
    package var leads: Bool
    /// When it began to lead, in UTC.
    package var since: String?
    /// When it last renewed its term, in UTC.
    package var renewedAt: String?
    /// What it counts, by name.
    package var counts: [String: Int]
    /// Workers of this term, those that are there first.
    package var workers: [Worker]

    /// Joins the parts.
    package init(
        coordinator: String?, term: Int64, leads: Bool, since: String? = nil,
        renewedAt: String? = nil, counts: [String: Int] = [:], workers: [Worker] = []
    ) {
        self.coordinator = coordinator
        self.term = term
        self.leads = leads
        self.since = since
        self.renewedAt = renewedAt
        self.counts = counts
        self.workers = workers
    }
}

/// Two scorings of the same completions, from some prompts taken evenly from all.
package struct ScoringComparison: Hashable, Sendable {
    /// A completion with both rewards.
    package struct Pair: Hashable, Sendable {
        /// The prompt.
        package var prompt: PromptID
        /// The draw.
        package var draw: Int32
        /// The reward in the first run.
        package var first: Double
        /// The reward in the second run.
        package var second: Double
        /// The quantile reward in the first run.
        package var firstQuantile: Double
        /// The quantile reward in the second run.
        package var secondQuantile: Double

        /// Joins the parts.
        package init(
            prompt: PromptID, draw: Int32, first: Double, second: Double, firstQuantile: Double,
            secondQuantile: Double
        ) {
            self.prompt = prompt
            self.draw = draw
            self.first = first
            self.second = second
            self.firstQuantile = firstQuantile
            self.secondQuantile = secondQuantile
        }
    }

    /// The completions.
    package var pairs: [Pair]

    /// Of some completions.
    package init(pairs: [Pair]) {
        self.pairs = pairs
    }
}
