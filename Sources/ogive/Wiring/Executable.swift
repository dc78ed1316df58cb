internal import FoundationEssentials
internal import Glibc

/// This program as others call it.
enum Executable {
    /// Its absolute path.
    static var path: String {
        do {
            return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        } catch {
            return CommandLine.arguments.first ?? "ogive"
        }
    }

    /// The path as a person would type it: relative when it lies below the current folder.
    static var shown: String {
        guard let typed = CommandLine.arguments.first, typed.contains("/") else {
            return relative(path)
        }
        return relative(typed)
    }

    /// A path as a person would type it.
    static func relative(_ path: String) -> String {
        let here = FileManager.default.currentDirectoryPath + "/"
        let whole = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
        return whole.hasPrefix(here) ? String(whole.dropFirst(here.count)) : path
    }

    /// Host and process id: how a process introduces itself.
    static var processName: String {
        "\(ProcessInfo.processInfo.hostName):\(getpid())"
    }
}

/// The process's environment.
enum Environment {
    /// All variables.
    static var current: [String: String] { ProcessInfo.processInfo.environment }
}

/// How many descriptors this process may have open.
enum DescriptorLimit {
    /// As many as are of use: beyond it, children that go through all numbers take their time.
    private static let most = rlim_t(65_536)

    /// Raises the soft limit to the hard one, within reason: it is 1 024 in most shells, which is
    /// few for a coordinator with many workers or a worker with many requests. The programs that
    /// this one starts inherit it.
    static func raise() {
        var limits = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        // Sound: the call fills the structure that it is given.
        guard unsafe getrlimit(resource, &limits) == 0 else { return }
        let wanted = min(limits.rlim_max, most)
        guard wanted > limits.rlim_cur else { return }
        limits.rlim_cur = wanted
        // Sound: the call reads the structure. Where it fails, the limit stays as it was.
        _ = unsafe setrlimit(resource, &limits)
    }
}
