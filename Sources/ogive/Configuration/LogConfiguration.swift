/// What is logged: the section `log`.
struct LogConfiguration: Hashable, Sendable {
    /// From which severity on; the names are those of swift-log.
    enum Level: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// In which form.
    enum Format: String, Hashable, Sendable, CaseIterable {
        /// One line of text.
        case text
        /// One JSON object a line.
        case json
    }

    /// From which severity on.
    var level: Level
    /// In which form.
    var format: Format

    /// Reads the section.
    init(from section: ConfigurationSection) {
        level = section.choice(
            "level", default: .notice, "from which severity on")
        format = section.choice(
            "format", default: .text, "a line of text, or a JSON object a line")
    }
}
