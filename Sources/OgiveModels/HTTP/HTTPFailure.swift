internal import AsyncHTTPClient
package import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import OgiveCore

/// Turns what went wrong with a request into a `ModelError` that says what to do.
package enum HTTPFailure {
    /// An answer with a status outside 200..<300.
    package static func error(url: String, status: Int, body: Data, retryAfter: String?)
        -> ModelError
    {
        let body = ServerErrorBody(body)
        let said = body.message.isEmpty ? "" : ": \(body.message)"
        return error(
            "\(url) answered \(status)\(said)", status: body.status == 402 ? 402 : status, body,
            retryAfter: retryAfter)
    }

    /// An error that came inside an answer with the status 200: it counts as the status that it
    /// gives itself, or as a fault of the server.
    static func error(url: String, reported body: ServerErrorBody) -> ModelError {
        let status = body.status ?? 500
        let said = body.message.isEmpty ? "" : ": \(body.message)"
        let number = body.status.map { " \($0)" } ?? ""
        return error(
            "\(url) answered 200 with an error\(number)\(said)", status: status, body,
            retryAfter: nil)
    }

    private static func error(
        _ what: String, status: Int, _ body: ServerErrorBody, retryAfter: String?
    ) -> ModelError {
        if let error = ofItem(what, status: status, body) { return error }
        switch status {
        case 401, 403:
            return ModelError(
                .unauthorized, "\(what); check the api_key of this endpoint")
        case 402:
            return ModelError(
                .outOfCredit,
                "\(what); the account is out of credit: pay in, or use another endpoint")
        case 404 where body.isAboutModel:
            return ModelError(
                .wrongModel, "\(what); set `model` to a name from the server's /v1/models")
        case 404, 405, 501:
            return ModelError(
                .unsupported,
                "\(what); the server does not offer this endpoint: check the URL and how the "
                    + "server was started")
        case 400, 413, 422:
            return ModelError(.rejected, "\(what); the server refuses this request")
        case 408:
            return ModelError(.timeout, what)
        case 429, 503:
            return ModelError(
                .overloaded, "\(what); lower the concurrency, or add servers",
                retryAfter: retryAfter.flatMap {
                    RetryAfter.duration($0, now: Date.now.timeIntervalSince1970)
                })
        // 424: TGI's router, of its model.
        case 424, 500...599:
            return ModelError(.serverError, "\(what); see the server's log")
        case 300...399:
            return ModelError(
                .misconfigured, "\(what), a redirection; give the final address as the URL")
        default:
            return ModelError(.rejected, what)
        }
    }

    /// What follows from this prompt or completion alone, whatever the status is.
    private static func ofItem(_ what: String, status: Int, _ body: ServerErrorBody) -> ModelError?
    {
        if body.isAboutContextLength, status != 429 {
            return ModelError(
                .promptTooLong,
                "\(what); serve the model with a larger context, or leave the prompt out")
        }
        if body.isFlagged {
            return ModelError(.filtered, "\(what); the server's moderation withholds an answer")
        }
        if status == 500, body.isAboutOutput {
            return ModelError(
                .malformed, "\(what); the server could not put into words what it sampled")
        }
        return nil
    }

    /// A request that got no answer, or a broken one.
    package static func error(url: String, cause: any Error, answerBytesMax: Int) -> ModelError {
        switch cause {
        case is NIOTooManyBytesError:
            return ModelError(
                .malformed,
                "\(url) answered more than \(answerBytesMax) bytes; "
                    + "lower draws_per_request or max_tokens")
        case is NIOSSLError, is NIOSSLExtraError:
            return insecure(url, cause)
        case let error as HTTPClientError where error == .connectTimeout:
            return unreachable(url, "no connection within the time limit")
        case let error as HTTPClientError where isBeforeConnection(error):
            return unreachable(url, error.shortDescription)
        case let error as HTTPClientError:
            return brokenOff(url, ": \(error.shortDescription)")
        case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
            return brokenOff(url, ": connection reset")
        case let error as IOError:
            return unreachable(url, reason(error.errnoCode))
        case is CancellationError:
            return ModelError(.timeout, "the request to \(url) was cancelled")
        case let error as HTTPParserError where error == .invalidEOFState:
            return brokenOff(url, "")
        case let error as HTTPParserError:
            return ModelError(.serverError, "\(url) does not answer in HTTP: \(error)")
        default:
            return unreachable(url, "\(cause)")
        }
    }

    /// A certificate that does not prove who answers, or no TLS at all. Waiting does not help.
    private static func insecure(_ url: String, _ cause: any Error) -> ModelError {
        let said = "\(cause)"
        let what =
            if (cause as? NIOSSLExtraError) == .failedToValidateHostname {
                "its certificate is for another name; use a name that is in the certificate"
            } else if said.contains("CERTIFICATE_VERIFY_FAILED") {
                "its certificate is of an authority that is not trusted, or has expired; "
                    + "name the authority's certificate as `ca_file`"
            } else if said.contains("WRONG_VERSION_NUMBER") || said.contains("HTTP_REQUEST") {
                "it does not speak TLS; write http:// if that is meant"
            } else {
                "\(said.prefix(300)); check that it speaks TLS"
            }
        return ModelError(.misconfigured, "no secure connection to \(url): \(what)")
    }

    private static func isBeforeConnection(_ error: HTTPClientError) -> Bool {
        error == .getConnectionFromPoolTimeout || error == .tlsHandshakeTimeout
            || error == .invalidURL || error == .emptyHost || error == .alreadyShutdown
    }

    private static func brokenOff(_ url: String, _ how: String) -> ModelError {
        var error = ModelError(
            .serverError, "\(url) broke off its answer\(how); see the server's log")
        error.isBrokenOff = true
        return error
    }

    /// What the system says of a connection that it does not give.
    private static func reason(_ code: CInt) -> String {
        // Sound: the text lives until the next call and is copied at once.
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    private static func unreachable(_ url: String, _ reason: String) -> ModelError {
        ModelError(
            .unreachable,
            "no answer from \(url): \(reason.prefix(300)); "
                + "check that the server runs and that the URL is right")
    }
}

/// Reads the `Retry-After` header (RFC 9110, section 10.2.3): whole seconds, or a date such as
/// `Wed, 21 Oct 2015 07:28:00 GMT`.
package enum RetryAfter {
    /// Longest wait that is believed; a longer one is cut to this.
    package static let secondsMax = 3_600

    /// How long the server asks to wait; `nil` when the header cannot be read. A date in the past
    /// is no wait. `now` is in seconds since 1970 (UTC).
    package static func duration(_ header: String, now: Double) -> Duration? {
        let text = header.split(separator: " ").joined(separator: " ")
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            return .seconds(min(Int(text) ?? secondsMax, secondsMax))
        }
        guard let date = secondsSince1970(text) else { return nil }
        return .seconds(min(max(0, date - now), Double(secondsMax)))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func secondsSince1970(_ text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]),
            (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        // Days since 1970-01-01 in the Gregorian calendar, counting years from March.
        let shifted = month >= 2 ? year : year - 1
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return Double(days * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2])
    }
}
