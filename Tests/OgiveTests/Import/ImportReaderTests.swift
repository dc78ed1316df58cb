import Foundation
import OgiveCore
import OgiveTesting
import Testing

@testable import ogive

/// A folder of its own for each test, removed with it.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "ogive-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ bytes: some Sequence<UInt8>, _ name: String = "rows.jsonl") throws -> String {
        let file = url.appending(path: name)
        try Data(bytes).write(to: file)
        return file.path()
    }
}

/// One after the other: one of them looks at the memory that is in use.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ImportReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func rows(_ bytes: [UInt8], lineBytesMax: Int = 8 << 20) throws -> [ImportedRow] {
        var rules = ImportRules()
        rules.lineBytesMax = lineBytesMax
        var reader = try ImportReader(path: folder.write(bytes), rules: rules)
        return try reader.next(limit: .max)
    }

    private func summary(_ rows: [ImportedRow]) -> [String] {
        rows.map { row in
            switch row {
            case .prompt(let line, let prompt, _): "\(line) \(prompt.content)"
            case .bad(let bad, _): "\(bad.line) \(bad.reason)"
            }
        }
    }

    private func row(_ text: String) -> String { #"{"prompt":"\#(text)"}"# }

    /// A gzip member made by the system's own tool.
    private func gzip(_ bytes: [UInt8]) async throws -> [UInt8] {
        let path = try folder.write(bytes, UUID().uuidString)
        _ = try await SystemProgram.run("/usr/bin/gzip", ["-n", path])
        return Array(try Data(contentsOf: URL(filePath: path + ".gz")))
    }

    @Test func badLinesAreReportedAmongGoodOnes() throws {
        let text = [
            row("a"), "", "  \r", "{", "[1]", "5", row("b") + "\r", "{\"prompt\":\"\\u0000\"}",
            "{\"prompt\":\"\\ud800\"}", "{\"x\":1}", row("c"),
        ].joined(separator: "\n")
        #expect(
            try summary(rows(Array(text.utf8))) == [
                #"1 text("a")"#, "4 notJSON", "5 notObject", "6 notObject", #"7 text("b")"#,
                "8 unstorable", "9 unstorable", "10 unknownShape", #"11 text("c")"#,
            ])
    }

    @Test func invalidUTF8IsABadRowWithItsRawBytes() throws {
        let line = Array("{\"prompt\":\"".utf8) + [0xff, 0xfe] + Array("\"}".utf8)
        let rows = try rows(line + Array("\n\(row("a"))\n".utf8))
        #expect(summary(rows) == ["1 notUTF8", #"2 text("a")"#])
        guard case .bad(_, let raw)? = rows.first else {
            Issue.record("the first row must be bad")
            return
        }
        #expect(raw == line)
    }

    @Test func byteOrderMarkIsToleratedAtTheStartOnly() throws {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let line = Array((row("a") + "\n").utf8)
        #expect(
            try summary(rows(mark + line + mark + line)) == [#"1 text("a")"#, "2 notJSON"])
    }

    @Test(arguments: ["", "\n\n \n", "[]", "[\n]\n"])
    func fileWithoutRowsIsAnError(text: String) {
        #expect {
            _ = try rows(Array(text.utf8))
        } throws: { "\($0)".contains("rows.jsonl: the file holds no rows") }
    }

    @Test func lineAtTheLimitIsReadAndALongerOneIsBad() throws {
        let line = row(String(repeating: "x", count: 2000))
        let text = Array("\(line)\n\(line)\n\(row("a"))".utf8)
        let count = line.utf8.count
        #expect(try summary(rows(text, lineBytesMax: count)).last == #"3 text("a")"#)
        #expect(
            try summary(rows(text, lineBytesMax: count - 1)) == [
                "1 tooLong", "2 tooLong", #"3 text("a")"#,
            ])
    }

    @Test func fiftyMegabyteLineIsReportedWithItsLength() throws {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 50_000_000)
        let rows = try rows(Array("\(row("a"))\n".utf8) + long + Array("\n\(row("b"))\n".utf8))
        #expect(summary(rows) == [#"1 text("a")"#, "2 tooLong", #"3 text("b")"#])
        guard case .bad(let bad, let raw)? = rows.dropFirst().first else { return }
        #expect(bad.detail.contains("50000000 bytes, more than 8MiB"))
        #expect(raw.count == RowText.keptBytes)
    }

    @Test func gzipWithSeveralMembersReadsLikePlainText() async throws {
        let plain = (0..<30_000).map { row("prompt \($0)") }.joined(separator: "\n")
        let bytes = Array(plain.utf8)
        let half = bytes.count / 2
        let packed = try await gzip(Array(bytes[..<half])) + gzip([]) + gzip(Array(bytes[half...]))
        #expect(try rows(packed) == rows(bytes))
    }

    @Test func damagedGzipIsAnError() async throws {
        let packed = try await gzip(
            Array((0..<5000).map { row("\($0)") }.joined(separator: "\n").utf8))
        var flipped = packed
        flipped[packed.count / 2] ^= 0xff
        for (bytes, words) in [
            (Array(packed.dropLast(9)), "cut off"), (Array(packed.prefix(5)), "cut off"),
            (flipped, "damaged"), (packed + Array("text".utf8), "something else after"),
        ] {
            #expect {
                _ = try rows(bytes)
            } throws: { error in
                "\(error)".contains(words) && "\(error)".contains("rows.jsonl")
            }
        }
    }

    @Test func missingFileAndFolderAreErrors() throws {
        #expect {
            _ = try ImportReader(path: "/nowhere/a.jsonl")
        } throws: { "\($0)" == "cannot open /nowhere/a.jsonl: No such file or directory" }
        #expect {
            _ = try ImportReader(path: folder.url.path())
        } throws: { "\($0)".contains("is a folder") }
    }

    @Test func progressGoesFromNothingToAll() throws {
        var reader = try ImportReader(path: folder.write(Array(row("a").utf8)))
        #expect(reader.progress == 0)
        _ = try reader.next(limit: .max)
        #expect(reader.progress == 1)
    }

    @Test func memoryDoesNotGrowWithTheNumberOfRows() throws {
        let chunk = (0..<1000).map { "{\"prompt\":\"prompt \($0)\",\"n\":\($0)}\n" }.joined()
        let bytes = Data((0..<150).map { _ in Data(chunk.utf8) }.joined())
        var reader = try ImportReader(path: folder.write(bytes))
        for _ in 0..<5000 { _ = try reader.next() }
        let before = try residentBytes()
        var count = 5000
        while try reader.next() != nil { count += 1 }
        #expect(count == 150_000)
        // Kept rows would take over 60 MB; other suites share the process, hence the slack.
        #expect(try residentBytes() - before < 16 << 20)
    }

    /// Resident memory of this process, from the kernel.
    private func residentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace)[1]
        return try #require(kilobytes.flatMap { Int($0) }) << 10
    }
}
