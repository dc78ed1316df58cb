/// The metrics of coordinator and worker: the one list of their names.
///
/// Services make them by this name with swift-metrics, and the exposition refuses any other. A name
/// ends in its base unit (`_seconds`), a counter in `_total`. No label holds a prompt or a draw.
package enum Metric: String, CaseIterable, Sendable {
    // Of a coordinator.
    case leads = "ogive_coordinator_leads"
    case term = "ogive_coordinator_term"
    case workers = "ogive_workers"
    case itemsInFlight = "ogive_items_in_flight"
    case itemsLanding = "ogive_items_landing"
    case leasesGranted = "ogive_leases_granted_total"
    case leasesExpired = "ogive_lease_expirations_total"
    case leasesAdopted = "ogive_leases_adopted_total"
    case leasesReturned = "ogive_leases_returned_total"
    case leasesUnproved = "ogive_leases_unproved_total"
    case results = "ogive_results_total"
    case failures = "ogive_failures_total"
    case tokens = "ogive_tokens_total"
    case commitDuration = "ogive_commit_duration_seconds"
    case databaseErrors = "ogive_database_errors_total"
    case droppedMessages = "ogive_dropped_messages_total"
    case handshakeFailures = "ogive_handshake_failures_total"
    case unreadableKeys = "ogive_keys_unreadable_total"
    case runDraws = "ogive_run_draws"
    case runCandidates = "ogive_run_candidates"
    case runTruncated = "ogive_run_truncated_draws"
    case runTables = "ogive_run_tables"
    case runTokens = "ogive_run_tokens"
    case runCost = "ogive_run_cost"
    case runRemaining = "ogive_run_remaining_seconds"
    case runSlotTime = "ogive_run_slot_seconds"
    // Of a worker.
    case isRegistered = "ogive_worker_registered"
    case workerLeases = "ogive_worker_leases"
    case unacknowledgedAge = "ogive_unacknowledged_age_seconds"
    case slotTime = "ogive_slot_seconds_total"
    case requests = "ogive_requests_total"
    case requestDuration = "ogive_request_duration_seconds"
    case requestsInFlight = "ogive_requests_in_flight"
    case requestsLimit = "ogive_requests_limit"
    case breakerState = "ogive_breaker_state"
    // Of both.
    case buildInfo = "ogive_build_info"
    case loopAge = "ogive_event_loop_age_seconds"
    case seriesDropped = "ogive_metric_series_dropped_total"

    /// How its values are to be read.
    package enum Kind: Hashable, Sendable {
        /// Only rises.
        case counter
        /// Rises and falls.
        case gauge
        /// Counts values up to each of these bounds, ascending.
        case histogram([Double])
    }

    /// What else there is to say of a metric.
    package struct Definition: Hashable, Sendable {
        /// How its values are to be read.
        package let kind: Kind
        /// The names of its labels, in order.
        package let labels: [String]
        /// What it measures, in a sentence.
        package let about: String
    }

    /// Most series of one metric. Counts of further ones go to a series whose labels are `other`;
    /// further gauges are left out. `seriesDropped` counts both.
    package static let seriesMax = 512

    /// Most characters of a label's value; the rest is cut off.
    package static let labelMax = 200

    /// The name.
    package var name: String { rawValue }
}

extension Metric {
    /// Bounds for commits and requests, in seconds: from a cached answer to a slow model.
    private static let durations = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
    ]

    /// Its kind, its labels and what it measures.
    package var definition: Definition {
        switch self {
        case .leads: gauge("1 while this coordinator leads and may grant, else 0.")
        case .term: gauge("The fencing number of this coordinator's term.")
        case .workers: gauge("Workers that are registered.")
        case .itemsInFlight: gauge("Items that are leased or wait for their commit.")
        case .itemsLanding: gauge("Items of results that wait for their commit.")
        case .leasesGranted: counter("Leases granted.")
        case .leasesExpired: counter("Leases that ran out.")
        case .leasesAdopted: counter("Leases taken over from another registration.")
        case .leasesReturned: counter("Leases that workers gave back unfinished.")
        case .leasesUnproved: counter("Leases in hellos that were never granted to the sender.")
        case .results:
            counter("Results by what became of them.", ["outcome"])
        case .failures:
            counter("Items that became failures, when that was committed.", ["stage", "code"])
        case .tokens:
            counter("Tokens of results, where servers report them.", ["side", "direction"])
        case .commitDuration:
            histogram("Time of a landing transaction.", ["outcome"])
        case .databaseErrors: counter("Calls of the database, besides landings, that failed.")
        case .droppedMessages: counter("Messages that were dropped.", ["reason"])
        case .handshakeFailures: counter("Connections that did not come about.", ["reason"])
        case .unreadableKeys: counter("Readings of the authorised keys that failed.")
        case .runDraws: gauge("Draws of a run by state.", ["run", "state"])
        case .runCandidates: gauge("Candidates of a run by state.", ["run", "state"])
        case .runTruncated: gauge("Completions of a run that max_tokens cut off.", ["run"])
        case .runTables:
            gauge("Quantile tables that the latest pass over a run looked at.", ["run", "state"])
        case .runTokens: gauge("Tokens that a run has spent, where servers report them.", ["run"])
        case .runCost: gauge("What a run has cost, by the prices of its configuration.", ["run"])
        case .runRemaining: gauge("Time to the end of a run at its present rate.", ["run"])
        case .runSlotTime:
            gauge("Time of workers' slots while they served a run.", ["run", "stage", "state"])
        case .isRegistered: gauge("1 while a coordinator has this worker registered.")
        case .workerLeases: gauge("Leases that this worker holds, by state.", ["state"])
        case .unacknowledgedAge: gauge("Age of the oldest result that is not acknowledged.")
        case .slotTime:
            counter("Time of slots of this worker by what they wait for.", ["stage", "waits_for"])
        case .requests:
            counter("Requests to model servers.", ["endpoint", "kind", "outcome"])
        case .requestDuration:
            histogram("Time of requests to model servers.", ["endpoint", "kind"])
        case .requestsInFlight: gauge("Requests under way.", ["endpoint", "side"])
        case .requestsLimit: gauge("Most requests at once, as found now.", ["endpoint", "side"])
        case .breakerState:
            gauge("1 for the state of an endpoint's breaker.", ["endpoint", "side", "state"])
        case .buildInfo: gauge("1, with what runs.", ["version", "role"])
        case .loopAge: gauge("Time since the event loop progressed.")
        case .seriesDropped:
            counter("Series that were refused because a metric has too many.", ["metric"])
        }
    }

    private func counter(_ about: String, _ labels: [String] = []) -> Definition {
        Definition(kind: .counter, labels: labels, about: about)
    }

    private func gauge(_ about: String, _ labels: [String] = []) -> Definition {
        Definition(kind: .gauge, labels: labels, about: about)
    }

    private func histogram(_ about: String, _ labels: [String]) -> Definition {
        Definition(kind: .histogram(Self.durations), labels: labels, about: about)
    }
}
