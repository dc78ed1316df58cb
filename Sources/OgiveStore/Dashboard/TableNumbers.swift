internal import OgiveCore
internal import Synchronization

/// What lists of prompts say of a table of rewards.
struct TableNumbers: Hashable, Sendable {
    /// How many rewards there are, at least one.
    let count: Int
    /// Their mean.
    let mean: Double
    /// Their standard deviation, n − 1 in the denominator, as `ogive.reward_spread` has it; `nil`
    /// for one reward.
    let deviation: Double?
    /// How many values they tell apart, as `ogive.effective_count` has it.
    let effective: Double
    /// Whether all are equal.
    let isDegenerate: Bool

    /// Of ascending rewards; `nil` without any.
    init?(_ sorted: [Double]) {
        guard let least = sorted.first, let most = sorted.last else { return nil }
        count = sorted.count
        isDegenerate = least == most
        let total = Double(sorted.count)
        let mean = sorted.reduce(0, +) / total
        self.mean = mean
        if sorted.count == 1 {
            deviation = nil
        } else if least == most {
            // Equal rewards have no spread, which rounding would make a number near 0.
            deviation = 0
        } else {
            // The mean is rounded, which shows where the spread is tiny beside it: corrected as by
            // Chan, Golub and LeVeque (1983).
            let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let rest = sorted.reduce(0) { $0 + ($1 - mean) }
            deviation = (max(0, squares - rest * rest / total) / (total - 1)).squareRoot()
        }
        var (squares, size) = (0.0, 0.0)
        for (place, reward) in sorted.enumerated() {
            if place > 0, reward != sorted[place - 1] {
                squares += size * size
                size = 0
            }
            size += 1
        }
        effective = total * total / (squares + size * size)
    }
}

/// Reads arrays of `float8` as PostgreSQL's `array_send` writes them: the number of dimensions,
/// whether there are NULLs, the type of the elements; size and first index of each dimension; then
/// each element behind its length. All is big-endian.
enum PackedNumbers {
    /// The numbers of an array of one dimension, or of an empty one; `nil` for anything else.
    static func numbers(_ bytes: [UInt8]) -> [Double]? {
        let bytes = bytes.span
        guard bytes.count >= 12 else { return nil }
        let dimensions = word(bytes, 0)
        if dimensions == 0 { return bytes.count == 12 ? [] : nil }
        let (header, element) = (20, 12)
        guard dimensions == 1, bytes.count >= header else { return nil }
        let count = Int(word(bytes, 12))
        guard bytes.count - header == count * element else { return nil }
        var numbers: [Double] = []
        numbers.reserveCapacity(count)
        for place in stride(from: header, to: bytes.count, by: element) {
            guard word(bytes, place) == 8 else { return nil }
            let bits = UInt64(word(bytes, place + 4)) << 32 | UInt64(word(bytes, place + 8))
            numbers.append(Double(bitPattern: bits))
        }
        return numbers
    }

    private static func word(_ bytes: Span<UInt8>, _ place: Int) -> UInt32 {
        UInt32(bytes[place]) << 24 | UInt32(bytes[place + 1]) << 16
            | UInt32(bytes[place + 2]) << 8 | UInt32(bytes[place + 3])
    }
}

/// What was computed of tables and candidates before. A run's rewards of a prompt only become more:
/// as long as there are as many, they are the same ones, and so are the numbers. Bounded.
final class KnownTables: Sendable {
    /// Most numbers that are kept, of eight bytes each.
    static let numbersMax = 1 << 20
    /// As how many numbers a table counts that is kept, or the candidates of one, with the hash
    /// table's own room.
    static let entrySize = 16

    /// A run. When it was submitted tells it from one of the same number in a database that was
    /// made anew.
    private struct Source: Hashable {
        let run: RunID
        let scoring: ScoringID
        let submittedAt: String

        init(_ run: RunOverview) {
            (self.run, scoring, submittedAt) = (run.id, run.scoringID, run.source.submittedAt)
        }
    }

    /// The quantile rewards of candidates, by so many rewards.
    private struct Quantiles {
        let rewards: Int
        let values: [Double]
    }

    private struct Prompts {
        var tables: [PromptID: TableNumbers] = [:]
        var quantiles: [PromptID: Quantiles] = [:]
    }

    private struct State {
        var runs: [Source: Prompts] = [:]
        var size = 0

        /// Forgets all where there is no room for `more` numbers.
        mutating func makeRoom(for more: Int) {
            if size + more > KnownTables.numbersMax { self = State() }
            size += more
        }
    }

    private let state = Mutex(State())

    /// The numbers of prompts of a run that have as many rewards as they had when these were kept.
    func tables(of run: RunOverview, _ prompts: [PromptState]) -> [PromptID: TableNumbers] {
        state.withLock { state in
            guard let known = state.runs[Source(run)]?.tables else { return [:] }
            return prompts.reduce(into: [:]) { found, prompt in
                guard let numbers = known[prompt.id], numbers.count == prompt.count else { return }
                found[prompt.id] = numbers
            }
        }
    }

    /// Keeps the numbers of prompts.
    func keep(_ tables: [PromptID: TableNumbers], of run: RunOverview) {
        state.withLock { state in
            state.makeRoom(for: Self.entrySize * tables.count)
            state.runs[Source(run), default: Prompts()].tables.merge(tables) { $1 }
        }
    }

    /// The quantile rewards of prompts of a run that have as many candidates and rewards as they
    /// had when these were kept.
    func quantiles(of run: RunOverview, _ prompts: [PromptState]) -> [PromptID: [Double]] {
        state.withLock { state in
            guard let known = state.runs[Source(run)]?.quantiles else { return [:] }
            return prompts.reduce(into: [:]) { found, prompt in
                guard let kept = known[prompt.id], kept.rewards == prompt.count,
                    kept.values.count == prompt.candidates
                else { return }
                found[prompt.id] = kept.values
            }
        }
    }

    /// Keeps the quantile rewards of a prompt's candidates, by `rewards` rewards.
    func keep(
        quantiles: [Double], of prompt: PromptID, in run: RunOverview, rewards: Int
    ) {
        let entry = Quantiles(rewards: rewards, values: quantiles)
        state.withLock { state in
            state.makeRoom(for: Self.entrySize + quantiles.count)
            state.runs[Source(run), default: Prompts()].quantiles[prompt] = entry
        }
    }
}
