internal import OgiveCore

/// Addresses of the dashboard's pages.
enum DashboardLink {
    static let runs = "/"
    static let fleet = "/fleet"

    static func run(_ run: RunID) -> String { "/runs/\(run.rawValue)" }

    static func prompts(_ run: RunID, _ query: [(String, String)] = []) -> String {
        "\(self.run(run))/prompts" + text(query)
    }

    static func prompt(_ prompt: PromptID, _ run: RunID) -> String {
        "\(self.run(run))/prompts/\(prompt.rawValue)"
    }

    /// The page of a prompt with a completion opened: what a link does without a script.
    static func opened(_ draw: Int32, _ prompt: PromptID, _ run: RunID) -> String {
        "\(self.prompt(prompt, run))?draw=\(draw)#completion"
    }

    /// A completion alone: what the script fetches.
    static func completion(_ draw: Int32, _ prompt: PromptID, _ run: RunID) -> String {
        "\(self.prompt(prompt, run))/draws/\(draw)"
    }

    /// The whole text of a completion.
    static func text(_ draw: Int32, _ prompt: PromptID, _ run: RunID) -> String {
        "\(completion(draw, prompt, run))/text"
    }

    static func failures(_ run: RunID) -> String { "\(self.run(run))/failures" }

    /// What a run can be compared with.
    static func comparisons(_ run: RunID) -> String { "\(self.run(run))/compare" }

    static func comparison(_ run: RunID, with other: RunID) -> String {
        "\(comparisons(run))/\(other.rawValue)"
    }

    /// The live numbers of one run, or of all that the first page lists.
    static func events(_ run: RunID? = nil) -> String {
        run.map { "\(self.run($0))/events" } ?? "/events"
    }

    /// A query with its question mark; empty without parameters.
    static func text(_ query: [(String, String)]) -> String {
        let pairs = query.map { "\($0.0)=\(encoded($0.1))" }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// As a value of a query holds text (RFC 3986, section 2): all but letters, digits and four
    /// marks as %XX.
    static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
    }
}

/// The parameters of a query as browsers send a form (URL Standard, section 5.1): of a name that
/// is there twice the first one counts.
enum FormQuery {
    /// Most parameters that are read.
    static let parametersMax = 32

    static func parameters(_ query: String) -> [String: String] {
        query.split(separator: "&").prefix(parametersMax).reduce(into: [:]) { parameters, pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(sides[0])
            if parameters[name] == nil {
                parameters[name] = sides.count > 1 ? decoded(sides[1]) : ""
            }
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Words of a command for a shell.
enum ShellWord {
    /// A command on a run. Where the name looks like an option it stands behind all options, and
    /// behind `--` (POSIX, 12.2, Guideline 10).
    static func command(_ command: String, on run: String, _ options: String = "") -> String {
        let isOption = run.utf8.first == UInt8(ascii: "-")
        return ([command] + (isOption ? [options, "--", quoted(run)] : [quoted(run), options]))
            .filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// An option with its value, which is none itself.
    static func option(_ name: String, _ value: String) -> String {
        name + (value.utf8.first == UInt8(ascii: "-") ? "=" : " ") + quoted(value)
    }

    /// A text as one word that no shell changes (POSIX, 2.2.2 Single-Quotes).
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "/"):
                true
            case UInt8(ascii: "-"): text.utf8.first != byte
            default: false
            }
        }
        if isPlain, !text.isEmpty { return text }
        return "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: #"'\''"#) + "'"
    }
}
