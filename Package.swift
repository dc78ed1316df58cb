// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors for the compiler that the project is tested with. A newer one may warn of
/// more, and that must not stop anybody's build.
#if compiler(<6.4)
    let warnings: [SwiftSetting] = [.treatAllWarnings(as: .error)]
#else
    let warnings: [SwiftSetting] = []
#endif

let language: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// The settings of every Swift target of this package; the tidy tests verify them.
let shared: [SwiftSetting] = language + warnings + [.strictMemorySafety()]

/// For generated messages in release builds: the page Performance says why.
let generated: [SwiftSetting] = [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
]

let asyncHTTPClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let asyncAlgorithms = Target.Dependency.product(
    name: "AsyncAlgorithms", package: "swift-async-algorithms")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let orderedCollections = Target.Dependency.product(
    name: "OrderedCollections", package: "swift-collections")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(
    name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let numerics = Target.Dependency.product(name: "Numerics", package: "swift-numerics")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "ogive",
    products: [
        .library(name: "QuantileRewards", targets: ["QuantileRewards"]),
        .executable(name: "ogive", targets: ["ogive"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1",
            traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        // Each target has its purpose above it. The README and the page Architecture draw who uses
        // whom; a test compares the drawings with this list.

        // C libraries: a module map and a shim header each.
        .systemLibrary(name: "CLibpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPCRE2", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),

        // A serial executor on one thread of its own: the only place where code may block.
        .target(name: "DedicatedThread", dependencies: ["CLinux"], swiftSettings: shared),
        // Sockets, options, multipart messages, keys. Knows nothing of Ogive.
        .target(
            name: "ZeroMQ", dependencies: ["CLinux", "CZeroMQ", "DedicatedThread", deque],
            swiftSettings: shared),
        // Connections, pool, COPY, LISTEN, errors, a private server. Knows nothing of Ogive.
        .target(
            name: "Postgres",
            dependencies: ["CLibpq", "CLinux", "DedicatedThread", subprocess, system],
            swiftSettings: shared),
        // Searches with users' expressions, bounded in steps. Knows nothing of Ogive.
        .target(
            name: "RegularExpressions", dependencies: ["CPCRE2", "DedicatedThread"],
            swiftSettings: shared),
        // The mathematics: quantile rewards, quantiles, log Z. Pure; a product of its own.
        .target(name: "QuantileRewards", dependencies: [numerics], swiftSettings: shared),

        // Values, specifications and identities, scheduler, session, and the protocols (seams).
        .target(
            name: "OgiveCore",
            dependencies: ["COpenSSL", "QuantileRewards", deque, heap, orderedCollections],
            swiftSettings: shared),
        // Messages between coordinator and worker as protobuf, and their bounds.
        .target(
            name: "OgiveWire", dependencies: ["OgiveCore", protobuf],
            exclude: ["generate.sh", "ogive.proto"], swiftSettings: shared + generated),
        // The seam `Transport` over ZeroMQ.
        .target(
            name: "OgiveTransport", dependencies: ["OgiveCore", "OgiveWire", "ZeroMQ", logging],
            swiftSettings: shared),
        // The SQL of `migrations`, embedded into the program.
        .target(
            name: "Migrations", path: "migrations", exclude: ["list", "reference.sql"],
            resources: [
                .embedInCode("tables"), .embedInCode("functions"), .embedInCode("views"),
                .embedInCode("uninstall.sql"),
            ],
            swiftSettings: shared),
        // The seam `Store` on PostgreSQL: all SQL that the program sends.
        .target(
            name: "OgiveStore", dependencies: ["Migrations", "OgiveCore", "Postgres", logging],
            swiftSettings: shared),
        // The seams `Policy` and `Scorer`: model servers, scorers, HTTP, launching of servers.
        .target(
            name: "OgiveModels",
            dependencies: [
                "OgiveCore", "RegularExpressions", asyncHTTPClient, deque, nioCore, nioHTTP1,
                nioSSL, subprocess,
            ],
            swiftSettings: shared),
        // The service that grants leases and lands results.
        .target(
            name: "OgiveCoordinator", dependencies: ["OgiveCore", lifecycle, logging, metrics],
            swiftSettings: shared),
        // The service that samples and scores.
        .target(
            name: "OgiveWorker",
            dependencies: ["OgiveCore", deque, lifecycle, logging, metrics],
            swiftSettings: shared),
        // The backend of swift-metrics, its page, and the health of a process, over HTTP.
        .target(
            name: "OgiveMetrics",
            dependencies: ["OgiveCore", logging, metrics, nioCore, nioHTTP1, nioPosix],
            swiftSettings: shared),
        // The checks of models before a run.
        .target(name: "OgivePreflight", dependencies: ["OgiveCore"], swiftSettings: shared),
        // Charts as SVG and pages as HTML, as functions of what was read: the report and the
        // dashboard, which serves its pages over HTTP.
        .target(
            name: "OgiveDashboard",
            dependencies: [
                "OgiveCore", "QuantileRewards", httpTypes, hummingbird, hummingbirdCore, logging,
                nioCore,
            ],
            swiftSettings: shared),
        // The command line, configuration, prompt files; joins the implementations.
        .executableTarget(
            name: "ogive",
            dependencies: [
                "CZlib", "CZstd", "DedicatedThread", "Migrations", "OgiveCoordinator", "OgiveCore",
                "OgiveDashboard", "OgiveMetrics", "OgiveModels", "OgivePreflight", "OgiveStore",
                "OgiveTransport", "OgiveWire", "OgiveWorker", "Postgres", "QuantileRewards",
                argumentParser, asyncAlgorithms, lifecycle, logging, metrics, subprocess, system,
                unixSignals, yams,
            ],
            swiftSettings: shared,
            // libzmq calls the program's own: the page Security says why.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=accept4"])]),

        // Shows ThreadSanitizer where threads meet at a mutex.
        .target(
            name: "CThreadSanitizer", path: "Tests/Support/ThreadSanitizer", swiftSettings: shared),
        // Support of tests: fakes of the seams, their conformance suites, the simulator.
        .target(
            name: "OgiveTesting", dependencies: ["DedicatedThread", "OgiveCore", "OgiveWire"],
            path: "Tests/Support/OgiveTesting", swiftSettings: shared),
        // Support of tests: real processes, and faults of them.
        .target(
            name: "Harness",
            dependencies: [
                "OgiveCore", "OgiveModels", "OgiveStore", "OgiveTesting", "OgiveWire", "Postgres",
                "ZeroMQ", nioCore, nioPosix,
            ],
            path: "Tests/Support/Harness", exclude: ["scripted_models.py"], swiftSettings: shared),
        // The simulator on the command line.
        .executableTarget(
            name: "simulate", dependencies: ["OgiveTesting", argumentParser],
            path: "Tests/Support/Simulate", swiftSettings: shared),
        // Damaged input for every decoder.
        .executableTarget(
            name: "fuzz", dependencies: ["OgiveCore", "OgiveModels", "OgiveWire"],
            path: "Tests/Support/Fuzz", swiftSettings: shared),
        // Random faults of real processes: the program of `deploy/chaos`.
        .executableTarget(
            name: "chaos", dependencies: ["Harness", "Postgres"], path: "Tests/Support/Chaos",
            swiftSettings: shared),

        // Tests.
        .testTarget(
            name: "FuzzTests", dependencies: ["fuzz", "ogive"], swiftSettings: shared),
        .testTarget(
            name: "ZeroMQTests",
            dependencies: ["CThreadSanitizer", "DedicatedThread", "OgiveTesting", "ZeroMQ"],
            swiftSettings: shared),
        .testTarget(
            name: "PostgresTests", dependencies: ["OgiveTesting", "Postgres"],
            swiftSettings: shared),
        .testTarget(
            name: "QuantileRewardsTests", dependencies: ["QuantileRewards"],
            exclude: ["generate_reference.py", "reference.json"], swiftSettings: shared),
        .testTarget(
            name: "RegularExpressionsTests", dependencies: ["RegularExpressions"],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveCoreTests", dependencies: ["OgiveCore", "OgiveTesting"],
            exclude: ["Simulation/corpus.jsonl"], swiftSettings: shared),
        .testTarget(
            name: "OgiveWireTests", dependencies: ["OgiveCore", "OgiveWire", "fuzz", protobuf],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveTransportTests",
            dependencies: [
                "OgiveCore", "OgiveTesting", "OgiveTransport", "OgiveWire", "ZeroMQ", logging,
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveStoreTests",
            dependencies: [
                "Migrations", "OgiveCore", "OgiveModels", "OgiveStore", "OgiveTesting", "Postgres",
                "QuantileRewards", logging, subprocess,
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveModelsTests",
            dependencies: [
                "Harness", "OgiveCore", "OgiveModels", "OgiveTesting", nioCore, nioHTTP1, nioPosix,
                nioSSL,
            ],
            exclude: [
                "mutate_solutions.py", "policy_log_probabilities.py", "reward_model_checks.py",
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveWorkerTests",
            dependencies: [
                "OgiveCore", "OgiveTesting", "OgiveWire", "OgiveWorker", lifecycle, logging,
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveCoordinatorTests",
            dependencies: [
                "OgiveCoordinator", "OgiveCore", "OgiveMetrics", "OgiveTesting", "OgiveWire",
                "OgiveWorker", lifecycle, logging, metrics,
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveMetricsTests",
            dependencies: [
                "OgiveCore", "OgiveMetrics", "OgiveTesting", logging, metrics, nioCore, nioPosix,
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveDashboardTests",
            dependencies: [
                "OgiveCore", "OgiveDashboard", "OgiveTesting", logging, nioCore, nioPosix,
            ],
            swiftSettings: shared),
        .testTarget(
            name: "OgivePreflightTests",
            dependencies: ["OgiveCore", "OgivePreflight"],
            swiftSettings: shared),
        .testTarget(
            name: "OgiveTests",
            dependencies: [
                "Harness", "OgiveCore", "OgiveMetrics", "OgiveModels", "OgiveStore",
                "OgiveTesting", "Postgres", "ogive",
            ],
            swiftSettings: shared),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Harness", "OgiveCore", "OgiveStore", "OgiveTesting", "Postgres", subprocess,
            ],
            exclude: [
                "openai_compatible_checks.py", "trainer_checks.py", "wrong_hello_worker.py",
                "wrong_seed_worker.py",
            ],
            swiftSettings: shared),
        .testTarget(
            name: "FaultTests", dependencies: ["Harness", "Postgres", nioCore],
            swiftSettings: shared
        ),
        .testTarget(name: "TidyTests", swiftSettings: shared),

        // Benchmarks.

        // Counts allocations of the process.
        .target(
            name: "CAllocations", path: "Tests/Benchmarks/Allocations", swiftSettings: shared),
        // Measures Ogive against the limit: the program of `Tests/Benchmarks/bench`.
        .executableTarget(
            name: "measure",
            dependencies: [
                "BenchmarkParts", "OgiveCore", "OgiveStore", "OgiveTesting", "Postgres",
                argumentParser, deque, heap,
            ],
            path: "Tests/Benchmarks/Measure", swiftSettings: shared),
        // What benchmarks and gates share.
        .target(
            name: "BenchmarkParts",
            dependencies: [
                "CAllocations", "OgiveCore", "OgiveStore", "OgiveTesting", "OgiveWire", deque,
            ],
            path: "Tests/Benchmarks/Parts", swiftSettings: shared),
        // Instructions and allocations of the hot paths: the program of `Tests/Benchmarks/gates`.
        .executableTarget(
            name: "hot-paths", dependencies: ["BenchmarkParts"],
            path: "Tests/Benchmarks/HotPaths", swiftSettings: shared),
        .testTarget(
            name: "BenchmarkTests", dependencies: ["measure"], path: "Tests/BenchmarkTests",
            swiftSettings: shared),
    ],
    swiftLanguageModes: [.v6]
)
