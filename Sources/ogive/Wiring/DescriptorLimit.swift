internal import Glibc

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
