package import FoundationEssentials
package import OgiveCore

/// What a model server is and serves, as it says itself.
package struct ServerProfile: Hashable, Sendable {
    /// Which server it is.
    package var kind: ServerKind
    /// The names of the models that it serves; never empty.
    package var models: [String]
    /// Most choices of one request; `nil` when the server does not report it.
    package var slots: Int?
    /// What identifies the model as served. The same after a restart of the same server: neither
    /// times nor ports nor paths of one machine are in it.
    package var facts: [String: String]

    /// Most bytes of a fact: fingerprints go over the wire.
    static let factBytesMax = 4_096

    /// Reads the server's pages. With a `kind` it is not asked which server it is. Throws
    /// `wrongModel` when it does not serve `model`.
    package static func read(_ http: ModelHTTP, model: String, kind: ServerKind? = nil)
        async throws(ModelError) -> ServerProfile
    {
        let kind = kind ?? ServerKind.at(http.url)
        let models: Data?
        var absence: ModelError?
        do throws(ModelError) {
            models = try await http.get("/v1/models")
        } catch {
            // A hosted API need not have a list of models, and TEI has none.
            guard [.unsupported, .rejected, .unauthorized].contains(error.code) else { throw error }
            models = nil
            absence = error
        }
        var pages: [String: Data] = [:]
        // Only one kind of server has each of the pages.
        for candidate in kind.map({ [$0] }) ?? ServerKind.recognised {
            for path in candidate.pages { pages[path] = try await page(path, http) }
            if candidate.facts(ServerPages(pages: pages)) != nil { break }
        }
        let profile = try ServerProfile(
            models: models, pages: pages, kind: kind, model: model, url: "\(http.url)")
        if let absence, profile.kind.listsModels { throw absence }
        return profile
    }

    /// Makes a profile of the page `/v1/models` and those of `ServerKind.pages`, as far as the
    /// server has them. Without a `kind` the first whose pages are there is meant; another server
    /// may answer anything under them.
    package init(
        models: Data?, pages: [String: Data], kind: ServerKind?, model: String, url: String
    ) throws(ModelError) {
        let list = try models.map { data throws(ModelError) in
            try ServerAnswer.decode(ModelList.self, data, url: url + "/v1/models")
        }
        let entry = list?.data.first { $0.names(model) }
        let kind =
            kind ?? ServerKind.recognised.first { $0.facts(ServerPages(pages: pages)) != nil }
            ?? .other
        let reported = kind.facts(ServerPages(pages: pages, entry: entry))
        let served =
            list?.data.flatMap { entry in
                [entry.id] + (entry.aliases ?? []).filter { $0 != entry.id }
            } ?? reported?.models ?? [model]
        guard entry != nil || list == nil && served.contains(model) else {
            let names = served.prefix(20).map { String($0.prefix(100)) }
            throw ModelError(
                .wrongModel,
                "\(url) does not serve a model named `\(model)`; it serves: "
                    + (names.isEmpty ? "none" : names.joined(separator: ", ")))
        }
        var profile = ServerProfile(kind: kind, models: served)
        profile.facts = (reported?.facts ?? [:]).mapValues { Secrets.hiding(in: $0) }
        profile.slots = reported?.slots
        profile.facts["model"] = model
        profile.facts["server"] = kind.name
        if let long = profile.facts.keys.sorted().first(where: {
            profile.facts[$0]?.utf8.count ?? 0 > Self.factBytesMax
        }) {
            throw ModelError(
                .malformed, "\(url) says more than \(Self.factBytesMax) bytes of its `\(long)`")
        }
        self = profile
    }

    private init(kind: ServerKind, models: [String]) {
        self.kind = kind
        self.models = models
        facts = [:]
    }

    /// A page that only one kind of server has; `nil` when this server lacks it, or keeps it to
    /// itself.
    private static func page(_ path: String, _ http: ModelHTTP) async throws(ModelError) -> Data? {
        do throws(ModelError) {
            return try await http.get(path)
        } catch {
            if [.unsupported, .rejected, .unauthorized].contains(error.code) { return nil }
            throw error
        }
    }
}

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
