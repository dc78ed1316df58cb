import Testing

/// Something that every source file must obey.
protocol Rule {
    /// What is wrong in a file; empty when nothing is.
    func violations(in file: SourceFile) -> [Violation]
}

extension Rule {
    /// What is wrong in a sample of code, as if it stood in a file of that path.
    func violations(
        in sample: String, path: String = "Sources/OgiveCore/Sample.swift"
    ) -> [Violation] {
        violations(in: SourceFile(path: path, text: sample))
    }

    /// Records an issue for everything in the source tree that breaks the rule.
    func expectObeyed() throws {
        let files = try SourceTree.files.get()
        // A rule that looks at nothing would always be obeyed.
        try #require(files.count > 20)
        for violation in files.flatMap(violations(in:)) {
            Issue.record("\(violation.place): \(violation.message)")
        }
    }
}
