extension FuzzTarget {
    /// The targets of the program; that of imports is beside the tests of the program `ogive`,
    /// which other programs cannot import.
    static let all: [FuzzTarget] = [
        .fromWorker, .fromCoordinator, .completions, .pooling, .rerank, .profiles, .errors,
        .command, .rewardLists, .oneChoice, .judge, .given, .pointers, .templates,
    ]
}
