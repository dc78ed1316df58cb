import Testing

/// No file is named for being a heap of things.
struct FileNameRule: Rule {
    private static let heaps = ["Utils", "Utilities", "Helper", "Common", "Manager"]

    func violations(in file: SourceFile) -> [Violation] {
        let name = file.path.split(separator: "/").last ?? ""
        return Self.heaps.filter { file.isSwift && name.contains($0) }.map {
            file.violation(1, "`\($0)` says nothing; name it after what it holds")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct FileNameTests {
    @Test func `No file is named for being a heap of things`() throws {
        try FileNameRule().expectObeyed()
    }

    @Test(arguments: ["StringUtils", "Helpers", "CommonTypes", "LeaseManager"])
    func `A heap is found`(name: String) {
        let rule = FileNameRule()
        #expect(rule.violations(in: "", path: "Sources/OgiveCore/\(name).swift").count == 1)
        #expect(rule.violations(in: "", path: "Sources/OgiveCore/LeaseRescuer.swift").isEmpty)
    }
}
