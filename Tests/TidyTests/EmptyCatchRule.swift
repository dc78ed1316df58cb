import Testing

/// No `catch` swallows an error: a comment alone is not handling.
struct EmptyCatchRule: Rule {
    func violations(in file: SourceFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            guard token.text == "catch", file.token(index - 1)?.text == "}",
                let opening = file.tokens[index...].firstIndex(where: { $0.text == "{" }),
                file.token(opening + 1)?.text == "}"
            else { return nil }
            return file.violation(token.line, "an empty `catch`; handle or pass on the error")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct EmptyCatchTests {
    @Test func `No catch swallows an error`() throws {
        try EmptyCatchRule().expectObeyed()
    }

    @Test(arguments: [
        "do { try a() } catch {}", "do { } catch let e as A {\n// nothing\n}",
        "do { } catch is A { b() } catch { }",
    ])
    func `An empty catch is found`(code: String) {
        #expect(EmptyCatchRule().violations(in: code).count == 1)
    }

    @Test(arguments: ["do { try a() } catch { b() }", "// catch {}", #"let a = "} catch {}""#])
    func `A catch that does something is fine`(code: String) {
        #expect(EmptyCatchRule().violations(in: code).isEmpty)
    }
}
