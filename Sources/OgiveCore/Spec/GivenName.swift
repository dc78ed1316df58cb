/// Names that people give to runs, prompt sets and snapshots.
package enum GivenName {
    /// Why a new name is refused, as the end of a sentence; `nil` where it is not. Commands take
    /// names, also those that a page shows for pasting, and would take such a one for an option.
    package static func problem(of name: String) -> String? {
        guard name.utf8.first == UInt8(ascii: "-") else { return nil }
        return "a name must not begin with \"-\": a command would take it for an option"
    }
}
