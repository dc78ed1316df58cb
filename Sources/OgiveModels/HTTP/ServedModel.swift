internal import OgiveCore

/// Notices that another model answers than the one that was fingerprinted.
enum ServedModel {
    /// Throws `wrongModel` when an answer names a model that the server did not serve when it was
    /// last asked. An answer without a name passes, and so does any when `known` is `nil`.
    static func check(_ name: String?, among known: [String]?, url: String) throws(ModelError) {
        guard let name, let known, !known.contains(name) else { return }
        throw ModelError(
            .wrongModel,
            "\(url) answered as `\(name.prefix(200))`, a model that it did not serve when it was "
                + "asked last; start the worker again once the server serves one model")
    }
}

extension ServerProfile {
    /// The names that answers may give; `nil` where a gateway, or a hosted
    /// API, may name a model as it likes.
    var answeringModels: [String]? { kind.namesModels ? models : nil }
}
