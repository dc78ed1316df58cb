internal import DedicatedThread

/// Searches with the expressions of users, on a thread of its own: a search may take as long as its
/// bound allows, and the cooperative pool must not wait for it.
///
/// The syntax is PCRE2's, with texts as UTF-8 and Unicode's classes. The bound is one of steps
/// (`CompiledPattern.stepsMax`), so that whether a search ends does not depend on the machine.
package actor PatternSearch {
    /// Most expressions that are kept compiled.
    package static let patternsMax = 64

    private let executor: DedicatedThreadExecutor
    private var compiled: [String: CompiledPattern] = [:]
    /// The expressions that are kept, the oldest first.
    private var kept: [String] = []

    private static let one: Result<PatternSearch, PatternError> = Result {
        () throws(PatternError) in
        do throws(DedicatedThreadError) {
            return try PatternSearch()
        } catch {
            throw PatternError(code: .unavailable, message: error.message)
        }
    }

    /// The one of this process. Throws when there is no thread for it.
    package static func shared() throws(PatternError) -> PatternSearch { try one.get() }

    private init() throws(DedicatedThreadError) {
        executor = try DedicatedThreadExecutor(name: "ogive-patterns")
    }

    /// The searches' own thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Why a text is no expression; `nil` when it is one. Takes little time, whatever the text.
    package static func problem(of pattern: String) -> String? {
        do throws(PatternError) {
            _ = try CompiledPattern(pattern)
            return nil
        } catch {
            return error.message
        }
    }

    /// The first group of the first match, or the whole match where there is no group or it took no
    /// part; `nil` without a match.
    package func first(_ pattern: String, in subject: String) throws(PatternError) -> String? {
        var search = try compile(pattern).search(in: subject)
        return try search.next()
    }

    /// The same of the last match.
    package func last(_ pattern: String, in subject: String) throws(PatternError) -> String? {
        var search = try compile(pattern).search(in: subject)
        var last: String?
        while let next = try search.next() { last = next }
        return last
    }

    private func compile(_ pattern: String) throws(PatternError) -> CompiledPattern {
        if let known = compiled[pattern] { return known }
        let new = try CompiledPattern(pattern)
        if kept.count == Self.patternsMax { compiled[kept.removeFirst()] = nil }
        compiled[pattern] = new
        kept.append(pattern)
        return new
    }
}

/// Why an expression gives no answer.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of reason.
    package enum Code: Sendable {
        /// It is no expression.
        case invalid
        /// It took more steps, or memory, than it may.
        case tooCostly
        /// The system has no thread for it.
        case unavailable
    }

    /// The kind of reason.
    package let code: Code
    /// What is wrong, with the beginning of the expression, and what to do.
    package let message: String

    /// Whether the same search may succeed later.
    package var isRetriable: Bool { code == .unavailable }

    package var description: String { message }
}
