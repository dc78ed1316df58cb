/// The answer to a coordinator that asks to lead.
package enum Candidacy: Hashable, Sendable {
    /// It leads, with this term; the secret proves the leases of earlier ones.
    case leading(Term, LeaseKey)
    /// Another one leads.
    case following(Leader)
}

/// The coordinator that leads, as the database knows it.
package struct Leader: Hashable, Sendable, CustomStringConvertible {
    /// Host and process id.
    package var name: String
    /// Its term.
    package var term: Term
    /// When it began to lead, for people.
    package var since: String
    /// When it last renewed its lease, to tell one that lives from one that is dead.
    package var renewedAt: String
    /// How long its lease lasts unless it is renewed.
    package var remaining: Duration

    /// Joins the parts.
    package init(
        name: String, term: Term, since: String, renewedAt: String, remaining: Duration
    ) {
        self.name = name
        self.term = term
        self.since = since
        self.renewedAt = renewedAt
        self.remaining = remaining
    }

    package var description: String {
        "\(name), since \(since) (term \(term.rawValue))"
    }
}

extension Leader {
    /// What a coordinator is told that must not stand by.
    package var conflict: String {
        "Another coordinator leads this database: \(self). Stop it, start workers for it, or let "
            + "this one stand by."
    }
}
