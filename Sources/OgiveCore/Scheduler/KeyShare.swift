/// What the workers of one key have together.
struct KeyShare {
    /// Registered workers.
    var workers = 0
    /// Leases that they hold.
    var leases = 0
    /// Those of them that workers hold which have finished none yet.
    var firstLeases = 0
}
