/// Notices a run that goes on far more slowly than its models answered just before it.
///
/// That happens when the servers that Ogive launched, PostgreSQL, and other programs of the machine
/// wait for each other's cores.
struct StarvationWatch {
    /// Draws per second that the preflight measured.
    let expected: Double
    private var slowSince: Duration?
    private var hasTold = false

    /// Below this share of what was measured a run is slow.
    static let share = 0.25
    /// How long it must have been slow.
    static let patience = Duration.seconds(30)

    /// Begins without knowledge.
    init(expected: Double) {
        self.expected = expected
    }

    /// Takes the present rate, in draws per second, and the draws that are missing, at `time` since
    /// the start. `true` once: when the run was slow for the whole of `patience`.
    mutating func look(rate: Double, missing: Int, at time: Duration) -> Bool {
        // The last draws of a run come slowly: there is not enough left to keep servers busy.
        let isEnding = Double(missing) < expected * (Self.patience / .seconds(1))
        guard rate < expected * Self.share, !isEnding else {
            slowSince = nil
            return false
        }
        let since = slowSince ?? time
        slowSince = since
        guard time - since >= Self.patience, !hasTold else { return false }
        hasTold = true
        return true
    }

    /// What is wrong and what to do, when `cores` may be used.
    func message(rate: Double, cores: Int) -> String {
        "warning: the run makes \(NumberText.rate(rate)) draws/s, and the preflight measured "
            + "\(NumberText.rate(expected)): the launched servers seem to starve for this "
            + "machine's \(cores) cores. Give each server that computes on the CPU its share "
            + "(`--threads \"{threads}\"` in `launch.command`), lower `worker.processes`, or stop "
            + "what else computes here; then run the same command again: what has landed is kept\n"
    }
}
