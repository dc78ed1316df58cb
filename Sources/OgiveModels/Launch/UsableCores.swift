internal import FoundationEssentials
internal import Glibc

/// The processor cores that this process and its children may use.
package enum UsableCores {
    /// How many there are: those of the process's affinity mask, and no more than the quota of its
    /// control groups, rounded down; at least 1.
    package static let count = max(1, min(affinity() ?? online, quota() ?? .max))

    /// The threads of each of `servers` servers that share the cores: together never more than
    /// there are, as long as there is a core for each.
    package static func share(of servers: Int, cores: Int = count) -> Int {
        max(1, cores / max(1, servers))
    }

    private static var online: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Cores that the scheduler may put this process on.
    private static func affinity() -> Int? {
        let line = read("/proc/self/status")?.split(separator: "\n")
            .first { $0.hasPrefix("Cpus_allowed:") }
        return line.flatMap { cores(mask: $0.dropFirst("Cpus_allowed:".count)) }
    }

    /// The cores of a mask in hexadecimal digits; `nil` when there is none.
    static func cores(mask: Substring) -> Int? {
        let count = mask.compactMap { $0.hexDigitValue?.nonzeroBitCount }.reduce(0, +)
        return count > 0 ? count : nil
    }

    /// The smallest quota of the process's control group and those above it, in whole cores.
    private static func quota() -> Int? {
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        var limits: [Int] = []
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isSecondVersion = fields[1].isEmpty
            guard isSecondVersion || fields[1].split(separator: ",").contains("cpu") else {
                continue
            }
            var path = fields[2]
            while true {
                let limit =
                    isSecondVersion
                    ? read("/sys/fs/cgroup\(path)/cpu.max").flatMap(cores)
                    : firstVersion("/sys/fs/cgroup/cpu\(path)")
                if let limit { limits.append(limit) }
                guard let slash = path.lastIndex(of: "/") else { break }
                path = path[..<slash]
            }
        }
        return limits.min()
    }

    private static func firstVersion(_ folder: String) -> Int? {
        guard let quota = read(folder + "/cpu.cfs_quota_us"),
            let period = read(folder + "/cpu.cfs_period_us")
        else { return nil }
        return cores(quotaAndPeriod: quota + " " + period)
    }

    private static func read(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }

    /// The whole cores of a `cpu.max` file: quota and period in microseconds; `nil` without limit.
    static func cores(quotaAndPeriod text: String) -> Int? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0,
            period > 0
        else { return nil }
        return max(1, quota / period)
    }
}
