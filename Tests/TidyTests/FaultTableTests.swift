import Foundation
import Testing

/// The table of faults in the documentation and the tests say the same: every fault has its row,
/// every row names test files that hold a test of that fault, and no such test is left out.
struct FaultTable {
    /// One row: the fault's number and the test files that it names.
    struct Row: Hashable {
        var fault: Int
        var files: [String]
        /// Why nothing runs, where the row says so.
        var isExcused: Bool
    }

    /// The numbers of the faults.
    static let faults = Array(1...77)

    /// The rows of a page: `| 7 | fault | what follows | `FileA`, `FileB` |`.
    static func rows(of page: String) -> [Row] {
        page.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 6, let fault = Int(cells[1]) else { return nil }
            let files = cells[4].split(separator: "`", omittingEmptySubsequences: false)
                .enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
            return Row(fault: fault, files: files, isExcused: cells[4].contains("not run:"))
        }
    }

    /// The faults that a test file has tests of, by the names of its tests.
    static func faults(in text: String) -> Set<Int> {
        Set(text.matches(of: /["`]Fault (\d+)[:,]/).compactMap { Int($0.output.1) })
    }

    /// What is wrong between a page and the test files, by file name without ending.
    static func problems(page: String, tests: [String: String]) -> [String] {
        let rows = rows(of: page)
        var problems: [String] = []
        if rows.map(\.fault) != faults {
            problems.append("the rows are \(rows.map(\.fault)) and not \(faults)")
        }
        for row in rows {
            if row.files.isEmpty, !row.isExcused {
                problems.append("fault \(row.fault): no test, and no `not run: …`")
            }
            for file in row.files where !faults(in: tests[file] ?? "").contains(row.fault) {
                problems.append("fault \(row.fault): no test of it in \(file).swift")
            }
        }
        for (file, text) in tests.sorted(by: { $0.key < $1.key }) {
            for fault in faults(in: text).sorted()
            where !rows.contains(where: { $0.fault == fault && $0.files.contains(file) }) {
                problems.append("fault \(fault): its row does not name \(file)")
            }
        }
        return problems
    }
}

@Suite(.timeLimit(.minutes(10))) struct FaultTableTests {
    private func page(_ cell: String, fault: Int = 7) -> String {
        FaultTable.faults.map { "| \($0) | a | b | \($0 == fault ? cell : "not run: c") |" }
            .joined(separator: "\n")
    }

    @Test func `Every fault has its row and its tests`() throws {
        let files = try SourceTree.files.get().filter {
            $0.path.hasPrefix("Tests/") && !$0.path.hasPrefix("Tests/TidyTests/")
        }
        let tests = Dictionary(
            files.map {
                (
                    URL(filePath: $0.path).deletingPathExtension().lastPathComponent,
                    $0.lines.joined(separator: "\n")
                )
            },
            uniquingKeysWith: { $0 + $1 })
        let page = try SourceTree.text(of: "Sources/ogive/Documentation.docc/Faults.md")
        #expect(FaultTable.problems(page: page, tests: tests) == [])
    }

    @Test func `A row and its test agree`() {
        let test = #"@Test("Fault 7: an ack is lost")"#
        #expect(FaultTable.problems(page: page("`Acks`"), tests: ["Acks": test]) == [])
    }

    @Test func `What is missing on either side is found`() {
        let test = #"@Test("Fault 7: an ack is lost")"#
        for (cell, tests) in [
            ("", ["Acks": "no fault here"]), ("`Acks`", ["Acks": "no fault here"]),
            ("`Acks`", [:]), ("not run: no network", ["Acks": test]),
            ("`Acks`", ["Acks": test, "Others": test]),
        ] {
            #expect(FaultTable.problems(page: page(cell), tests: tests).count == 1)
        }
        #expect(FaultTable.problems(page: "| 1 | a | b | not run: c |", tests: [:]).count == 1)
    }
}
