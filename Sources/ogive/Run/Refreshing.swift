internal import OgiveCore
internal import OgiveStore

/// Submits the next reference version of a run: another policy, the rest as it is.
struct Refreshing {
    /// The run of the version before.
    let source: RunDescription
    /// The run of the next one.
    let spec: RunSpec

    /// What is meant by the command line and the configuration.
    struct Request {
        /// The run of the version before.
        var source: String
        /// The name of the new run; `nil` makes one of the run's and the revision.
        var name: String?
        /// `policy.revision` of the new version; `nil` leaves it as the policy has it.
        var revision: String?
        /// The policy that is served now; `nil` takes the run's.
        var policy: PolicySpec?
    }

    /// Finds out what the next version is. Throws `.configuration` when nothing about the policy
    /// differs, or the name stands for something else.
    init(_ request: Request, in store: PostgresStore) async throws {
        let names = try await store.status().map(\.run)
        guard names.contains(request.source) else {
            throw Rescoring.unknown(request.source, among: names)
        }
        source = try await store.run(named: request.source)
        let former = source.spec.scoring.sampling.policy
        guard !former.isAdopted else {
            throw CommandError(
                .configuration,
                "the completions of run '\(request.source)' were adopted from a file: adopt the "
                    + "next version's by `ogive adopt`, or sample with a `policy` of your own")
        }
        var policy = request.policy ?? former
        if let revision = request.revision { policy.revision = revision }
        guard policy != former else {
            throw CommandError(
                .configuration,
                "nothing about the policy differs from that of run '\(request.source)'"
                    + (request.revision == nil
                        ? ": say by --revision what the new version is called"
                        : ", which has this revision already"))
        }
        var spec = source.spec
        spec.name = request.name ?? Self.name(of: policy, after: source.spec)
        spec.scoring.sampling.policy = policy
        spec.samples = true
        if let problem = spec.problem { throw CommandError(.configuration, problem) }
        if names.contains(spec.name) {
            let known = try await store.run(named: spec.name).spec
            guard known.scoring == spec.scoring else {
                throw CommandError(
                    .configuration,
                    "run '\(spec.name)' is there already, and is not this version of run "
                        + "'\(request.source)': choose another name by --name")
            }
            // It may have been topped up since.
            spec.draws = max(spec.draws, known.draws)
            spec.candidates = known.candidates
            spec.adaptive = known.adaptive
        }
        self.spec = spec
    }

    /// The run's name with the revision behind it, in place of the former one.
    private static func name(of policy: PolicySpec, after source: RunSpec) -> String {
        var base = source.name[...]
        if let former = source.scoring.sampling.policy.revision, base.hasSuffix("-\(former)") {
            base = base.dropLast(former.count + 1)
        }
        let label =
            policy.revision ?? policy.model.split(separator: "/").last.map(String.init)
            ?? policy.model
        return "\(base)-\(label)"
    }

    /// Submits it.
    func submit(_ store: PostgresStore) async throws -> Submission.Result {
        let receipt = try await store.submit(
            spec, parent: source.spec.scoring.sampling.digest)
        return Submission.Result(imported: nil, receipt: receipt, retried: 0)
    }

    /// What submitting it would do.
    func rehearse(_ store: PostgresStore) async throws -> SubmissionPlan {
        let (receipt, status) = try await store.rehearse(
            spec, parent: source.spec.scoring.sampling.digest)
        return SubmissionPlan(
            outcome: Submission.Result(imported: nil, receipt: receipt, retried: 0),
            status: status)
    }
}
