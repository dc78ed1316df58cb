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
