internal import FoundationEssentials

/// Where a secret is to be found; read only when it is needed, so that a process without the
/// right to it can read the rest of the configuration.
struct SecretReference: Hashable, Sendable, CustomStringConvertible {
    /// The kinds of places.
    enum Source: Hashable, Sendable {
        /// An environment variable.
        case environment(String)
        /// A file whose content, trailing line ends apart, is the secret.
        case file(String)
    }

    /// The place.
    var source: Source
    /// The key that names it, for messages.
    var key: String
    /// Where the key stands.
    var place: SourcePlace

    /// Reads the secret. Throws `.configuration` when there is none.
    func value(in environment: [String: String]) throws(CommandError) -> String {
        switch source {
        case .environment(let name):
            guard let value = environment[name], !value.isEmpty else {
                throw CommandError(
                    .configuration,
                    "\(key): the environment variable \(name) is not set (\(place)); set it")
            }
            return value
        case .file(let path):
            guard let data = try? Data(contentsOf: URL(filePath: path)),
                let text = String(data: data, encoding: .utf8)
            else {
                throw CommandError(
                    .configuration,
                    "\(key): cannot read \(path) (\(place)); check the path and its rights")
            }
            let value = text.trimmingSuffix { $0.isNewline }
            guard !value.isEmpty else {
                throw CommandError(.configuration, "\(key): \(path) is empty (\(place))")
            }
            return String(value)
        }
    }

    var description: String {
        switch source {
        case .environment(let name): "${\(name)}"
        case .file(let path): path
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return rest
    }
}

extension ConfigurationSection {
    /// A secret given as `key: ${NAME}` or by a file under `fileKey`; never in the open.
    func secret(
        _ key: String, file fileKey: String, _ about: String, example: String,
        fileExample: String
    ) -> SecretReference? {
        let raw = node(
            KeyDeclaration(
                name: key, type: .form(.secret),
                about: "\(about), only as ${NAME}, never in plain text", example: example))
        let file = filePath(fileKey, "a file with \(about) instead", example: fileExample)
        if raw != nil, file != nil {
            report(key, "and \(path(of: fileKey)) contradict each other", hint: "keep one")
        }
        if let file {
            return SecretReference(
                source: .file(file), key: path(of: fileKey), place: place(of: fileKey))
        }
        guard let raw else { return nil }
        guard case .scalar(let text, _) = raw.value,
            let name = EnvironmentExpansion.soleVariable(in: text)
        else {
            report(
                key, "must not stand in the open",
                hint: "write `${NAME}` to take it from the environment, or use `\(fileKey)`")
            return nil
        }
        return SecretReference(source: .environment(name), key: path(of: key), place: raw.place)
    }
}
