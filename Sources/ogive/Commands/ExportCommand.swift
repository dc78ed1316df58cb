internal import ArgumentParser
internal import Glibc
internal import OgiveStore

extension ExportTarget: ExpressibleByArgument {}
extension ExportFormat: ExpressibleByArgument {}

/// `ogive export RUN --for TRAINER`: files in the columns that trainers read.
struct ExportCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what trainers read to a file, in their columns.",
        discussion: """
            Without --snapshot the rows are of what is there now, in one transaction. With
            --shard-rows the output is a folder of files with at least so many rows each,
            and the same command goes on with an export that was interrupted. Beside the
            output lie a manifest with specifications, counts and checksums, and a schema
            with the columns and their types. Parquet is written by the Python package:
            pip install "ogive[data]".

            Examples:
              ogive export quickstart --for qrpo-claire --output train.jsonl.gz
              ogive export quickstart --for raw --output train.parquet
              ogive export big --snapshot v1 --for raw --shard-rows 1000000 --output big
              ogive export big --for trl-dpo --strategy best-worst --output - | head
              ogive export gsm8k --for verl --min-rate 0.1 --max-rate 0.9 --output g.jsonl
            """)

    /// How a pair is made of a prompt's completions.
    enum PairStrategy: String, CaseIterable, ExpressibleByArgument {
        case labels, consecutive, balanced
        case bestWorst = "best-worst"
        case firstTwo = "first-two"
    }

    /// What is done with a quantile reward.
    enum Transform: String, CaseIterable, ExpressibleByArgument {
        case identity, log
        case normalICDF = "normal-icdf"
        case scaledNormalICDF = "scaled-normal-icdf"
    }

    /// Which log Z a target is made with.
    enum Partition: String, CaseIterable, ExpressibleByArgument {
        case exact, simplified, empirical
    }

    /// How equal rewards count.
    enum Ties: String, CaseIterable, ExpressibleByArgument {
        case right, mid, left
    }

    @Argument(help: "The run.")
    var name: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("The trainer that reads it.", valueName: "trainer"))
    var target: ExportTarget

    @Option(help: "jsonl, csv or parquet (default: by the file's name, else jsonl).")
    var format: ExportFormat?

    @Option(help: "The snapshot to read (default: what is there now).")
    var snapshot: String?

    @Option(
        help: "The file, - for standard output; with --shard-rows the folder.",
        completion: .file())
    var output = "-"

    @Flag(help: "Pack with gzip (default: when the file's name ends in .gz).")
    var gzip = false

    @Option(
        help: ArgumentHelp("Write a folder of files with N rows or a few more.", valueName: "n"))
    var shardRows: Int?

    @Flag(help: "Replace what is there.")
    var force = false

    @Option(help: "Of pairs: labels, best-worst, first-two, consecutive or balanced.")
    var strategy = PairStrategy.labels

    @Option(
        help: """
            Of best-worst and consecutive pairs, and of trl-sft: how many first draws count \
            (default: 6; trl-sft: all).
            """)
    var k: Int?

    @Option(help: "Of balanced pairs: how many of a prompt.")
    var pairs = 1

    @Option(parsing: .unconditional, help: "Of balanced pairs: decides their order.")
    var seed: Int64 = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of pairs: the first one is better by at least this.", valueName: "reward"))
    var minGap: Double?

    @Flag(help: "Of pairs: without those of equal rewards or equal texts.")
    var dropEqual = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            Of trl-kto: from which reward on a completion is a good one (default: better than the \
            middle of its prompt's table); of trl-sft: the least reward.
            """, valueName: "reward"))
    var threshold: Double?

    @Option(
        parsing: .unconditional,
        help: "Of targets and soft values (default: 0.1; trl-a2po: 0.5).")
    var beta: Double?

    @Option(help: "Of raw: identity, log, normal-icdf or scaled-normal-icdf.")
    var transform = Transform.identity

    @Option(help: "Of raw: right, mid or left.")
    var ties = Ties.right

    @Option(help: "Of raw: which log Z: exact, simplified or empirical.")
    var partitionFunction: Partition?

    @Option(
        help: ArgumentHelp(
            "Of qrpo-claire, qrpo-swiss, qrpo-verl, rebel and astar-po: the first N reference "
                + "rewards of each prompt; prompts with fewer are left out.", valueName: "n"))
    var refRewards: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Without prompts whose draws pass less often (see ogive pass-rates).",
            valueName: "share"))
    var minRate: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Without prompts whose draws pass more often.", valueName: "share"))
    var maxRate: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of --min-rate and --max-rate: the least reward with which a draw passes (default: "
                + "rewards are 0 or 1).", valueName: "reward"))
    var passesFrom: Double?

    @Flag(help: "Print the manifest, one JSON object.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func validate() throws {
        for (name, value, least) in [
            ("shard-rows", shardRows ?? 1, 1), ("k", k ?? 2, target == .trlSFT ? 1 : 2),
            ("pairs", pairs, 1),
            ("ref-rewards", refRewards ?? 1, 1),
        ] where !(least...1_000_000_000).contains(value) {
            throw ValidationError("--\(name) must be at least \(least), not \(value)")
        }
        if let beta, !(beta > 0 && beta.isFinite) {
            throw ValidationError("--beta must be more than 0 and finite, not \(beta)")
        }
        for (name, value) in [
            ("min-gap", minGap), ("threshold", threshold), ("passes-from", passesFrom),
        ] {
            if let value, !value.isFinite {
                throw ValidationError("--\(name) must be a finite number, not \(value)")
            }
        }
        try requireBand()
        try requireUse()
        guard try chosenFormat() == .parquet else { return }
        if output == "-" { throw ValidationError("Parquet needs a file: --output FILE.parquet") }
        if gzip { throw ValidationError("--gzip: Parquet packs its columns itself") }
    }

    /// The prompts that are chosen by their pass rates; `nil` for all.
    private var band: PassRateBand? {
        guard minRate != nil || maxRate != nil else { return nil }
        return PassRateBand(
            minRate: minRate ?? 0, maxRate: maxRate ?? 1, passesFrom: passesFrom)
    }

    /// Throws when the options of pass rates are no band.
    private func requireBand() throws {
        guard let band else {
            if passesFrom == nil { return }
            throw ValidationError(
                "--passes-from says what --min-rate and --max-rate are shares of: give one of them")
        }
        guard (0...1).contains(band.minRate), (band.minRate...1).contains(band.maxRate) else {
            throw ValidationError(
                "write 0 ≤ --min-rate ≤ --max-rate ≤ 1: pass rates are shares")
        }
    }

    /// Throws when an option is given that the target does not use.
    private func requireUse() throws {
        let given: [(name: String, option: ExportOption, isGiven: Bool)] = [
            ("ref-rewards", .refRewards, refRewards != nil), ("min-gap", .minGap, minGap != nil),
            ("drop-equal", .dropEqual, dropEqual), ("threshold", .threshold, threshold != nil),
            ("partition-function", .partitionFunction, partitionFunction != nil),
        ]
        for (name, option, isGiven) in given
        where isGiven && !target.options.contains(option) {
            let targets = ExportTarget.allCases.filter { $0.options.contains(option) }
            throw ValidationError(
                "--\(name) is not for --for \(target.rawValue), only for "
                    + targets.map(\.rawValue).joined(separator: ", "))
        }
    }

    /// The form that is asked for, by the option or by the ending of the file's name. Throws when
    /// they differ, or the name promises a form that is not written.
    private func chosenFormat() throws -> ExportFormat {
        guard shardRows == nil, output != "-" else { return format ?? .jsonl }
        var name = (output.split(separator: "/").last.map(String.init) ?? output).lowercased()
        if name.hasSuffix(".parquet.gz") {
            throw ValidationError(
                "--output \(output): Parquet packs its columns itself; leave .gz out")
        }
        if name.hasSuffix(".gz") { name.removeLast(3) }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let ending = parts.count > 1 ? parts.last.map(String.init) ?? "" : ""
        if let advice = Self.foreign[ending] {
            throw ValidationError(
                "--output \(output): .\(ending) is not written, only .parquet, and .jsonl "
                    + "and .csv, which may have .gz; \(advice)")
        }
        let named: ExportFormat? =
            switch ending {
            case "csv": .csv
            case "parquet": .parquet
            case "jsonl", "json", "ndjson": .jsonl
            default: nil
            }
        if let format, let named, format != named {
            throw ValidationError(
                "--format \(format.rawValue) and --output \(output) differ: leave --format out, or "
                    + "give the file another name")
        }
        return format ?? named ?? .jsonl
    }

    /// Endings of names that promise what is not written, and what to do.
    private static let foreign: [String: String] = {
        let convert = "write .jsonl, and convert it: the documentation's page Export shows how"
        let pack = "write it to `--output - | PROGRAM`, or take .gz"
        let forms = ["arrow", "feather", "orc", "avro", "tsv", "xlsx", "pkl", "npy", "h5", "db"]
        let packers = ["zst", "zstd", "xz", "bz2", "lz4", "zip", "tar", "tgz", "7z"]
        return Dictionary(
            uniqueKeysWithValues: forms.map { ($0, convert) } + packers.map { ($0, pack) })
    }()

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func run() async throws {
        let configuration = try file.load()
        var request = ExportRequest(run: name, target: target, format: try chosenFormat())
        request.snapshot = snapshot
        request.strategy = strategy.rawValue
        request.k = k ?? (target == .trlSFT ? nil : 6)
        request.pairs = pairs
        request.seed = seed
        request.minGap = minGap
        request.dropEqual = dropEqual
        request.threshold = threshold
        request.beta = beta ?? (target == .trlA2PO ? 0.5 : 0.1)
        request.transform = transform.rawValue
        request.ties = ties.rawValue
        request.partitionFunction = (partitionFunction ?? .exact).rawValue
        request.refRewards = refRewards
        request.band = band
        let job = ExportJob(
            request: request, output: output, isGzip: gzip || output.lowercased().hasSuffix(".gz"),
            shardRows: shardRows, replaces: force)
        let manifest = try await DatabaseSession.withStore(configuration) { store, _ in
            try await job.run(store)
        }
        // Standard output may be the export itself.
        let lines =
            json
            ? [ExactJSON.output(manifest.json.fields ?? [:]).json] : manifest.lines(output)
        Output.show(lines, on: output == "-" ? STDERR_FILENO : STDOUT_FILENO)
    }
}

extension ExportManifest {
    /// For a person.
    func lines(_ output: String) -> [String] {
        var text = "\(output): \(NumberText.count(rows)) \(rows == 1 ? "row" : "rows")"
        if !columnsLacking.isEmpty, let advice = lackingAdvice {
            let names = columnsLacking.map { "`\($0)`" }.joined(separator: " and ")
            text += "; without \(names): \(advice)"
        }
        for (reason, prompts) in leftOut {
            text +=
                "; left out: \(NumberText.count(prompts)) \(prompts == 1 ? "prompt" : "prompts")"
                + " (\(reason))"
        }
        for (reason, rows) in missing.sorted(by: { $0.key < $1.key }) {
            text +=
                "; \(NumberText.count(rows)) \(rows == 1 ? "row has" : "rows have") no reference "
                + "log-probability (\(reason))"
        }
        if files.count == 1 { return [text, "SHA-256 \(files[0].receipt.sha256)"] }
        return [text + " in \(NumberText.count(files.count, "file"))"]
    }
}
