import Foundation

/// The files of this repository that are written by hand or generated into it.
enum SourceTree {
    /// The repository's root.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every text file that a rule may look at, in order of its path.
    static let files: Result<[SourceFile], any Error> = Result { try readFiles() }

    /// The text of one file, by its path from the root.
    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static let folders = ["Sources", "Tests", "deploy", "migrations", "config"]
    private static let endings = ["swift", "h", "proto", "sql", "py", ""]

    private static func readFiles() throws -> [SourceFile] {
        var paths = ["Package.swift"]
        for folder in folders {
            let names = try FileManager.default.subpathsOfDirectory(
                atPath: root.appending(path: folder).path)
            paths += names.map { "\(folder)/\($0)" }
        }
        return try paths.sorted().filter(isText).map {
            SourceFile(path: $0, text: try text(of: $0))
        }
    }

    private static func isText(_ path: String) throws -> Bool {
        let url = root.appending(path: path)
        guard endings.contains(url.pathExtension), !url.lastPathComponent.hasPrefix(".") else {
            return false
        }
        return try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
    }
}
