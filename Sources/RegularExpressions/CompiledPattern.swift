internal import CPCRE2

/// An expression as PCRE2 compiled it. All C pointers of the module stay in this file.
@safe final class CompiledPattern {
    /// Most steps of one search: items of the expression that are tried, and bytes that are walked
    /// over meanwhile. Some tenths of a second.
    static let stepsMax = 20_000_000
    /// Most memory of one search, in KiB.
    private static let heapMax: UInt32 = 65_536
    /// Longest expression, in bytes.
    private static let bytesMax = 65_536
    /// Each item is announced to `countSteps`; PCRE2's own limit counts anew at each place of the
    /// text, and would let a search take the square of its length.
    private static let options =
        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT

    fileprivate let text: String
    fileprivate let code: OpaquePointer
    fileprivate let found: OpaquePointer
    fileprivate let context: OpaquePointer

    /// Compiles an expression; throws `invalid`.
    init(_ text: String) throws(PatternError) {
        self.text = text
        guard text.utf8.count <= Self.bytesMax else {
            throw Self.invalid(text, "it is longer than \(Self.bytesMax) bytes")
        }
        var (error, offset) = (Int32(0), 0)
        // The bytes and both numbers outlive the call, which keeps none of them.
        let code = unsafe (Array(text.utf8) + [0]).withUnsafeBufferPointer { bytes in
            unsafe pcre2_compile_8(
                bytes.baseAddress, bytes.count - 1, Self.options, &error, &offset, nil)
        }
        guard let code = unsafe code else {
            throw Self.invalid(text, "\(Self.says(error)), at byte \(offset)")
        }
        // Made together and freed together, in `deinit`.
        guard let found = unsafe pcre2_match_data_create_from_pattern_8(code, nil),
            let context = unsafe pcre2_match_context_create_8(nil)
        else { preconditionFailure("no memory for an expression") }
        unsafe pcre2_set_heap_limit_8(context, Self.heapMax)
        unsafe self.code = code
        unsafe self.found = found
        unsafe self.context = context
    }

    deinit {
        // Nobody else frees what this object made.
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_match_data_free_8(found)
        unsafe pcre2_code_free_8(code)
    }

    /// Begins a search through a text.
    func search(in subject: String) -> PatternMatches { PatternMatches(self, subject) }

    private static func invalid(_ text: String, _ reason: String) -> PatternError {
        PatternError(
            code: .invalid, message: "`\(text.prefix(200))` is no regular expression: \(reason)")
    }

    /// What PCRE2 calls an error.
    fileprivate static func says(_ error: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        // The call writes at most so many bytes, and a zero behind them.
        let length = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe pcre2_get_error_message_8(error, buffer.baseAddress, buffer.count)
        }
        return length > 0 ? String(decoding: bytes.prefix(Int(length)), as: UTF8.self) : "\(error)"
    }
}

/// The matches of an expression in a text, one behind the other, within one bound.
struct PatternMatches {
    private let pattern: CompiledPattern
    /// The text, and a zero.
    private let subject: [UInt8]
    private var start = 0
    private var steps = Steps()

    fileprivate init(_ pattern: CompiledPattern, _ subject: String) {
        self.pattern = pattern
        self.subject = Array(subject.utf8) + [0]
    }

    /// The first group of the next match, or the whole match; `nil` when there is none. Throws
    /// `tooCostly`.
    mutating func next() throws(PatternError) -> String? {
        let (pattern, subject, start) = (pattern, subject, start)
        let count = subject.count - 1
        guard start <= count else { return nil }
        var steps = Steps(taken: self.steps.taken + 1, place: start)
        // The steps outlive the call; nobody else uses the context meanwhile. The subject does too,
        // and is valid UTF-8, as each text of Swift's.
        let result = unsafe withUnsafeMutablePointer(to: &steps) { steps in
            unsafe pcre2_set_callout_8(pattern.context, countSteps, steps)
            return unsafe subject.withUnsafeBufferPointer { bytes in
                unsafe pcre2_match_8(
                    pattern.code, bytes.baseAddress, count, start, PCRE2_NO_UTF_CHECK,
                    pattern.found, pattern.context)
            }
        }
        self.steps = steps
        if result == PCRE2_ERROR_NOMATCH { return nil }
        guard result > 0 else { throw tooCostly(result) }
        let (whole, group) = ranges(result)
        var next = max(whole.upperBound, start)
        if next == start || whole.isEmpty {
            next += 1
            // To the beginning of the next character.
            while next < count, subject[next] & 0xC0 == 0x80 { next += 1 }
        }
        self.start = next
        return String(decoding: subject[group ?? whole], as: UTF8.self)
    }

    /// Where the match and its first group stand.
    private func ranges(_ groups: Int32) -> (whole: Range<Int>, group: Range<Int>?) {
        // The match filled so many pairs of the list, which lives as long as the match data.
        let pairs = unsafe pcre2_get_ovector_pointer_8(pattern.found)
        let bounds = (0..<(groups > 1 ? 4 : 2)).map { unsafe pairs?[$0] ?? 0 }
        func range(_ from: Int, _ to: Int) -> Range<Int>? {
            // `\K` can put a start behind its end; a group that took no part has no place at all.
            from >= 0 && from <= to && to < subject.count ? from..<to : nil
        }
        let whole = range(bounds[0], bounds[1]) ?? start..<start
        return (whole, groups > 1 ? range(bounds[2], bounds[3]) : nil)
    }

    private func tooCostly(_ result: Int32) -> PatternError {
        let reason =
            result == PCRE2_ERROR_CALLOUT
            ? "more than \(CompiledPattern.stepsMax) steps" : CompiledPattern.says(result)
        return PatternError(
            code: .tooCostly,
            message: "the regular expression `\(pattern.text.prefix(200))` gave up on a text of "
                + "\(subject.count - 1) bytes (\(reason)); write it so that it has fewer ways to "
                + "match the same text")
    }
}

/// The steps of a search.
private struct Steps {
    var taken = 0
    /// Where in the text the search was last.
    var place = 0
}

/// Counts a step for PCRE2, and the bytes since the step before; ends the search at the bound.
private func countSteps(
    _ block: UnsafeMutablePointer<pcre2_callout_block_8>?, _ data: UnsafeMutableRawPointer?
) -> Int32 {
    // PCRE2 hands on the block that it just filled, and the steps of this search.
    guard let place = unsafe block?.pointee.current_position,
        let steps = unsafe data?.assumingMemoryBound(to: Steps.self)
    else { return PCRE2_ERROR_CALLOUT }
    unsafe steps.pointee.taken += 1 + abs(place - steps.pointee.place)
    unsafe steps.pointee.place = place
    return unsafe steps.pointee.taken > CompiledPattern.stepsMax ? PCRE2_ERROR_CALLOUT : 0
}
