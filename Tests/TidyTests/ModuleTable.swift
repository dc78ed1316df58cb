/// The table of modules: which modules each one may import. The documentation of the
/// architecture explains it; this is where it is enforced.
enum ModuleTable {
    /// Part of the toolchain, and no way out of the process but for Foundation and Glibc.
    static let platform: Set<String> = [
        "Dispatch", "Foundation", "FoundationEssentials", "Glibc", "Synchronization",
    ]

    /// What every module but the leaves may use to speak of itself and to run.
    static let service: Set<String> = ["Logging", "ServiceLifecycle", "UnixSignals"]

    /// C libraries and the only modules that may touch them.
    static let cLibraries: [String: Set<String>] = [
        "CLibpq": ["Postgres"],
        "CLinux": ["DedicatedThread", "Postgres", "ZeroMQ", "ogive"],
        "COpenSSL": ["OgiveCore"],
        "CPCRE2": ["RegularExpressions"],
        "CZeroMQ": ["ZeroMQ"],
        "CZlib": ["ogive"],
        "CZstd": ["ogive"],
    ]

    private static let collections: Set<String> = [
        "BasicContainers", "BitCollections", "Collections", "DequeModule", "HashTreeCollections",
        "HeapModule", "OrderedCollections",
    ]
    private static let subprocess: Set<String> = ["Subprocess", "System", "SystemPackage"]
    private static let numerics: Set<String> = ["Numerics", "RealModule"]

    /// What a module may import beside the C libraries granted to it above.
    static let allowed: [String: Set<String>] = [
        "CLibpq": [], "CLinux": [], "COpenSSL": [], "CPCRE2": [], "CZeroMQ": [], "CZlib": [],
        "CZstd": [],
        "DedicatedThread": platform,
        "ZeroMQ": platform.union(["DedicatedThread"]),
        "Postgres": platform.union(subprocess).union(["DedicatedThread", "Logging"]),
        // Pure mathematics: not even Foundation.
        "QuantileRewards": numerics,
        "RegularExpressions": platform.union(["DedicatedThread"]),
        "OgiveCore": platform.union(service).union(collections).union(["QuantileRewards"]),
        "OgiveWire": platform.union(service).union(["OgiveCore", "SwiftProtobuf"]),
        "OgiveTransport": platform.union(service).union(["OgiveCore", "OgiveWire", "ZeroMQ"]),
        "OgiveStore": platform.union(service).union(["Migrations", "OgiveCore", "Postgres"]),
        "Migrations": platform,
        "OgiveModels": platform.union(service).union(subprocess).union(collections).union([
            "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOSSL", "OgiveCore", "RegularExpressions",
        ]),
        "OgiveCoordinator": platform.union(service).union(["OgiveCore", "OgiveWire"]),
        "OgiveWorker": platform.union(service).union(collections).union(["OgiveCore", "OgiveWire"]),
        "OgivePreflight": platform.union(["OgiveCore"]),
        "OgiveTesting": platform.union(service).union([
            "DedicatedThread", "OgiveCore", "OgiveWire",
        ]),
        "simulate": platform.union(["ArgumentParser", "OgiveTesting"]),
        // The program of the fuzzer.
        "fuzz": platform.union(["OgiveCore", "OgiveModels", "OgiveWire"]),
        // Benchmarks.
        "BenchmarkParts": platform.union(collections).union([
            "CAllocations", "OgiveCore", "OgiveStore", "OgiveTesting", "OgiveWire",
        ]),
        "hot-paths": platform.union(["BenchmarkParts"]),
        "measure": platform.union(service).union(collections).union([
            "ArgumentParser", "BenchmarkParts", "OgiveCore", "OgiveStore", "OgiveTesting",
            "Postgres",
        ]),
        "ogive": platform.union(service).union(subprocess).union(numerics).union(collections)
            .union(modulesOfOurOwn).union(["ArgumentParser", "Yams"]),
    ]

    private static let modulesOfOurOwn: Set<String> = [
        "DedicatedThread", "Migrations", "OgiveCoordinator", "OgiveCore", "OgiveModels",
        "OgivePreflight", "OgiveStore", "OgiveTransport", "OgiveWire", "OgiveWorker", "Postgres",
        "QuantileRewards", "ZeroMQ",
    ]

    /// Whether a module may import another.
    static func allows(_ module: String, toImport imported: String) -> Bool {
        if let users = cLibraries[imported] { return users.contains(module) }
        return allowed[module]?.contains(imported) == true
    }
}
