internal import FoundationEssentials
internal import Glibc
internal import OgiveCore
internal import OgiveModels

/// The endpoint between the processes of one `ogive run`: a socket in a folder of its own, unless
/// the configuration names one.
struct PrivateSocket: ~Copyable {
    /// The endpoint.
    let endpoint: String
    private let folder: String?

    /// Takes the keys out of the processes' configuration, where the folder keeps strangers out.
    var overrides: [String] {
        guard folder != nil else { return [] }
        return [
            "coordinator.key=null", "coordinator.authorized_keys=null", "worker.key=null",
            "worker.coordinator_key=null",
        ].flatMap { ["-o", $0] }
    }

    /// Makes the folder. Throws `.unavailable` when there is nowhere to make it.
    init(_ configuration: CoordinatorSettings) throws(CommandError) {
        if configuration.isListenGiven {
            endpoint = try Self.chosen(configuration.listen)
            folder = nil
            return
        }
        // /tmp and not TMPDIR: the path of a socket may have 107 bytes at most.
        var template = Array("/tmp/ogive-run-XXXXXX".utf8CString)
        // mkdtemp changes the six last characters in place; the array is null-terminated.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) } != nil
        }
        guard made else {
            throw CommandError(
                .unavailable,
                "no folder can be made in /tmp: make room, or set `coordinator.listen`")
        }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        folder = path
        endpoint = "ipc://\(path)/coordinator"
    }

    /// The endpoint with a port in the place of `*`: the workers have to know it too.
    private static func chosen(_ endpoint: String) throws(CommandError) -> String {
        guard endpoint.hasPrefix("tcp://"), endpoint.hasSuffix(":*") else { return endpoint }
        do {
            let port = try FreePort.find()
            return "\(endpoint.dropLast())\(port)"
        } catch {
            throw CommandError(.unavailable, error.message)
        }
    }

    deinit {
        guard let folder else { return }
        // Both take a path and keep nothing of it.
        unsafe unlink("\(folder)/coordinator")
        unsafe rmdir(folder)
    }
}
