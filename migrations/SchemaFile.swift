/// A file of SQL that makes a part of the schema.
package struct SchemaFile: Sendable, Hashable {
    /// Where it stands below `migrations`, such as `views/prompts.sql`.
    package let path: String
    /// Its statements.
    package let text: String

    /// Takes a path and the statements.
    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    init(_ path: String, _ bytes: [UInt8]) {
        self.init(path: path, text: String(decoding: bytes, as: UTF8.self))
    }

    /// What removes the schema, whichever version made it.
    package static let uninstall = SchemaFile("uninstall.sql", PackageResources.uninstall_sql)
}
