internal import Foundation

/// Where the program under test and its files lie.
package enum Checkout {
    /// The repository's root.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The program that was built with this test.
    package static var program: String {
        get throws {
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            var folder = URL(fileURLWithPath: tests).deletingLastPathComponent()
            // Where tests are a library, their host is somewhere else.
            if !FileManager.default.isExecutableFile(atPath: folder.path + "/ogive") {
                folder = URL(fileURLWithPath: root + "/.build/debug")
            }
            return folder.path + "/ogive"
        }
    }

    /// The Python that has llama.cpp's server; prints why not when there is none.
    package static func python() -> String? {
        let path = root + "/.venv/bin/python"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
        print("skipped: \(path) is not there; deploy/setup makes it")
        return nil
    }

    /// The first rows of GSM8K; prints why not when the file is not there.
    package static func gsm8k(_ count: Int) -> [String]? {
        let path =
            URL(fileURLWithPath: root).deletingLastPathComponent().path
            + "/shared/data/gsm8k-test.jsonl"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            print("skipped: \(path) is not there")
            return nil
        }
        return text.split(separator: "\n").prefix(count).map(String.init)
    }
}
