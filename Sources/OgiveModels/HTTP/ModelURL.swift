package import OgiveCore
internal import FoundationEssentials

/// Where a model server is: `http://host:port`, without the `/v1` that some clients' settings end
/// in.
package struct ModelURL: Hashable, Sendable, CustomStringConvertible {
    /// The address without a slash at its end.
    package let base: String

    /// Takes an address from a configuration file. Throws `misconfigured` when it is no HTTP URL.
    package init(_ text: String) throws(ModelError) {
        let trimmed = text.trimmingSuffix("/").trimmingSuffix("/v1").trimmingSuffix("/")
        guard let url = URL(string: trimmed), let host = url.host(), !host.isEmpty,
            url.scheme == "http" || url.scheme == "https", url.query() == nil
        else {
            throw ModelError(
                .misconfigured,
                "`\(text.prefix(200))` is not the URL of a model server; "
                    + "write something like http://127.0.0.1:8000")
        }
        guard url.user() == nil, url.password() == nil else {
            // The text is not repeated: it holds a secret.
            throw ModelError(
                .misconfigured,
                "the URL of the model server at \(host) holds a user name or password; "
                    + "give the key as `api_key` instead, so that it never reaches a log")
        }
        base = trimmed
    }

    /// The address of an endpoint; `path` begins with a slash.
    package func appending(_ path: String) -> String { base + path }

    package var description: String { base }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        var text = self[...]
        while text.hasSuffix(suffix) { text = text.dropLast(suffix.count) }
        return String(text)
    }
}
