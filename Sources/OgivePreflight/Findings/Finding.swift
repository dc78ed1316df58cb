internal import OgiveCore

/// One thing that was looked at before a run, and what was concluded.
package struct Finding: Hashable, Sendable {
    /// How bad it is.
    package enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
        /// As it should be.
        case ok
        /// Worth knowing.
        case note
        /// The run will go through, and its result may not be what was meant.
        case warning
        /// The run cannot go through, or its result would be wrong.
        case error

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        package static func < (left: Severity, right: Severity) -> Bool {
            left.rank < right.rank
        }
    }

    /// What was looked at.
    package var code: FindingCode
    /// How bad it is.
    package var severity: Severity
    /// The URL, file or key that it is about.
    package var place: String
    /// What was concluded, and from what.
    package var message: String
    /// What to do about it.
    package var advice: String?

    /// Joins the parts. Secrets that a server repeats are hidden.
    package init(
        _ severity: Severity, _ code: FindingCode, at place: String, _ message: String,
        advice: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.place = place
        self.message = Secrets.hiding(in: message)
        self.advice = advice.map { Secrets.hiding(in: $0) }
    }
}

extension [Finding] {
    /// How bad the worst of them is; `nil` when there are none.
    package var worst: Finding.Severity? { map(\.severity).max() }
}
