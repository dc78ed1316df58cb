import Testing

/// Nobody starts an unstructured task: no `Task { }`, no `Task.detached`, no `Task.immediate`.
struct UnstructuredTaskRule: Rule {
    private static let makers: Set<String> = ["detached", "immediate", "immediateDetached"]
    private static let labels: Set<String> = [
        "name", "priority", "executorPreference", "operation",
    ]

    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return file.tokens.indices.filter { startsTask(file, at: $0) }.map {
            file.violation(
                file.tokens[$0].line, "an unstructured task; use a task group or a service")
        }
    }

    private func startsTask(_ file: SourceFile, at index: Int) -> Bool {
        guard file.tokens[index].text == "Task" else { return false }
        var next = index + 1
        if file.token(next)?.text == "<" {
            while let token = file.token(next), token.text != ">" { next += 1 }
            next += 1
        }
        switch file.token(next)?.text {
        case "{": return file.token(index - 1).map { !isTypeName($0) } ?? true
        case ".": return Self.makers.contains(file.token(next + 1)?.text ?? "")
        case "(": return Self.labels.contains(file.token(next + 1)?.text ?? "")
        default: return false
        }
    }

    /// Whether a `Task` after this token names a type, as in `struct Task {` or `-> Task {`.
    private func isTypeName(_ token: Token) -> Bool {
        ["struct", "class", "enum", "extension", "protocol", ">", ":", "some", "any", "?"]
            .contains(token.text)
    }
}

@Suite(.timeLimit(.minutes(10))) struct UnstructuredTaskTests {
    @Test func `Nobody starts an unstructured task`() throws {
        try UnstructuredTaskRule().expectObeyed()
    }

    @Test(arguments: [
        "Task { await a() }", "let t = Task<Void, Never> { }", "Task(priority: .high) { }",
        "Task.detached { }", "Task.immediate { }", #"print("\(Task { 1 })")"#,
    ])
    func `An unstructured task is found`(code: String) {
        #expect(UnstructuredTaskRule().violations(in: code).count == 1)
    }

    @Test(arguments: [
        "try await Task.sleep(for: x)", "// Task { }", #"let a = "Task { }""#,
        "extension Task {\n}", "func a() -> Task {\n}", "if Task.isCancelled { }",
        "withTaskGroup { }",
    ])
    func `Other uses of the word are fine`(code: String) {
        #expect(UnstructuredTaskRule().violations(in: code).isEmpty)
    }
}
