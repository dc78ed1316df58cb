internal import Postgres

/// Why reference log-probabilities are no columns of an export, and what to do.
struct ExportAdvice {
    private let request: ExportRequest
    private let run: Int64
    private let sampling: Int64
    private let snapshot: Int64
    /// `nil` of adopted completions, of which nobody knows it.
    private let temperature: Double?
    private let samplesModel: Bool
    private let texts: Int

    /// `place` is the row of `ExportQueries.place`.
    init(_ request: ExportRequest, place: PostgresRow, _ survey: ExportSurvey) throws {
        self.request = request
        run = try place.decode("run_id")
        sampling = try place.decode("sampling_id")
        snapshot = try place.decode("snapshot_id")
        temperature = try place.decode("temperature", as: Double?.self)
        samplesModel = survey.samplesModel
        texts = survey.texts
    }

    /// `nil` when all completions that may be in a pair have one that means what trainers take it
    /// for.
    func text(_ connection: PostgresConnection) async throws -> String? {
        guard let temperature else {
            return "the completions were adopted from a file, and nobody knows how they were "
                + "sampled: let the trainer compute its own"
        }
        if !samplesModel {
            return "the draws are of temperature \(temperature), top_p, top_k and min_p as the run "
                + "has them, and the stored log-probabilities of temperature 1 and the whole "
                + "vocabulary: let the trainer compute its own"
        }
        var advice: [String] = []
        if request.strategy != "labels" {
            let hasAll: Bool = try await connection.query(
                ExportQueries.drawsHaveLogProbabilities, [.int64(run), .int64(sampling)]
            ).one().decode(0)
            if !hasAll {
                advice.append(
                    "some draws have no reference log-probability; sample with "
                        + "`policy.logprobs: sum`, a sampling anew")
            }
        }
        if request.strategy == "labels" || request.strategy == "balanced" {
            let hasAll: Bool = try await connection.query(
                ExportQueries.candidatesHaveLogProbabilities, [.int64(run), .int64(snapshot)]
            ).one().decode(0)
            if !hasAll {
                advice.append(
                    "some candidates have no reference log-probability; vLLM and SGLang give "
                        + "those of candidates, by `run.candidates: [score, logprobs]`; llama.cpp "
                        + "cannot give them: there take pairs of draws, with `--strategy "
                        + "best-worst` and `policy.logprobs: sum`")
            }
        }
        if texts > 0, request.target.logProbabilities?.endsChatsAlone == true {
            advice.append(
                "the trainer puts no end token behind plain texts, and stored log-probabilities "
                    + "count it: let the trainer compute its own")
        }
        return advice.isEmpty ? nil : advice.joined(separator: "; ")
    }
}
