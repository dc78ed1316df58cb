internal import Migrations
internal import OgiveCore
internal import Postgres

/// Brings the schema to its definition, within one transaction. Functions and views are replaced in
/// place, so that what users built on them stays; what cannot be is set aside under another name,
/// made anew, and dropped at the end, when nothing of Ogive's own uses it any more.
struct SchemaUpdate {
    /// A function or view.
    private struct Object: Hashable {
        var oid: Int64
        var isFunction: Bool
        /// As the files name it.
        var name: String
    }

    /// An object with another name, and why it has to go.
    private struct SetAside {
        var object: Object
        var reason: String
    }

    private let connection: PostgresConnection
    private let definition: SchemaDefinition
    private let program: String
    private let now: Int64
    private var setAside: [SetAside] = []

    init(
        _ connection: PostgresConnection, _ definition: SchemaDefinition, program: String,
        now: Int64
    ) {
        self.connection = connection
        self.definition = definition
        self.program = program
        self.now = now
    }

    /// Applies the missing versions of the tables, then all functions and views.
    mutating func perform(_ tables: [TablesFile], over record: SchemaRecord) async throws {
        try await connection.execute(MigrationQueries.checkBodies)
        _ = try await connection.query(MigrationQueries.joinNewRoles)
        // Now, as a version of the tables may drop types of their parameters.
        let former = try await objects(
            named: record.objectFiles.values.flatMap(\.objects).sorted())
        for version in tables { try await apply(version) }
        try await connection.execute(MigrationQueries.becomeOwner)
        try await applyObjects(over: former)
        try await keepRecord()
    }

    private func apply(_ version: TablesFile) async throws {
        // The first one makes the role.
        if version.number > 1 { try await connection.execute(MigrationQueries.becomeOwner) }
        try await run(version.script(including: definition.objects), of: version.file)
        try await connection.execute(MigrationQueries.becomeOwner)
        try await connection.execute(
            MigrationQueries.insert,
            [
                .int32(Int32(version.number)), .string(version.name),
                .bytes(version.file.sha256.bytes), .int64(now),
            ])
    }

    private mutating func applyObjects(over former: [Object]) async throws {
        let defined = try await objects(named: definition.objects.flatMap(\.objects))
        // What a file grants no more must not stay granted.
        try await connection.executeScript(
            defined.map { object in
                "REVOKE ALL ON \(object.isFunction ? "FUNCTION" : "TABLE") \(object.name) "
                    + "FROM PUBLIC, ogive_reader, ogive_writer;"
            }.joined(separator: "\n"))
        // Before what is new: a call must not be taken for one of a former function of its name.
        let kept = Set(defined.map(\.oid))
        for object in former where !kept.contains(object.oid) {
            try await setAside(object, because: "this version of ogive has no such object")
        }
        for file in definition.objects { try await apply(file) }
        try await dropWhatWasSetAside()
    }

    private mutating func apply(_ file: ObjectFile) async throws {
        try await connection.execute("SAVEPOINT object_file")
        do {
            try await connection.executeScript(file.file.text)
        } catch {
            // Columns of a view, or the result or parameters of a function, that cannot be
            // replaced; or an object of another kind.
            guard ["42P16", "42P13", "42809"].contains(error.sqlState) else {
                throw Self.failure(error, in: file.file)
            }
            try await connection.execute("ROLLBACK TO SAVEPOINT object_file")
            let objects = try await objects(named: file.objects)
            guard !objects.isEmpty else { throw Self.failure(error, in: file.file) }
            for object in objects { try await setAside(object, because: error.message) }
            try await run(file.file.text, of: file.file)
            for object in objects { try await keepGrants(of: object) }
        }
        try await connection.execute("RELEASE SAVEPOINT object_file")
    }

    /// What users were granted on a former object, they are on the new one of its name.
    private func keepGrants(of object: Object) async throws {
        let rows = try await connection.query(
            MigrationQueries.grants,
            [.int64(object.oid), .bool(object.isFunction), .string(object.name)])
        let script = try rows.map { try $0.decode("sql", as: String.self) }.joined(separator: "\n")
        try await connection.executeScript(script)
    }

    private mutating func setAside(_ object: Object, because reason: String) async throws {
        let rename = try await connection.query(
            MigrationQueries.rename, [.int64(object.oid), .bool(object.isFunction)]
        ).one().decode(0, as: String?.self)
        // A version of the tables has dropped it.
        guard let rename else { return }
        try await connection.execute(rename)
        setAside.append(SetAside(object: object, reason: reason))
    }

    /// Drops one object after another on which nothing depends. What is left then is used by an
    /// object of a user's, or by a table.
    private mutating func dropWhatWasSetAside() async throws {
        while !setAside.isEmpty {
            let oids = Set(setAside.map(\.object.oid))
            var users: [Int64: [String]] = [:]
            var blocked: Set<Int64> = []
            for row in try await connection.query(
                MigrationQueries.dependents,
                [
                    .int64Array(setAside.map(\.object.oid)),
                    .stringArray(setAside.map { $0.object.isFunction ? "true" : "false" }),
                ])
            {
                let oid: Int64 = try row.decode("oid")
                blocked.insert(oid)
                if !oids.contains(try row.decode("dependent")) {
                    users[oid, default: []].append(try row.decode("description"))
                }
            }
            if let (entry, names) = setAside.lazy.compactMap({ entry in
                users[entry.object.oid].map { (entry, $0) }
            }).first {
                throw Self.refusal(entry, names)
            }
            guard let index = setAside.firstIndex(where: { !blocked.contains($0.object.oid) })
            else { throw StoreError(.refused, "Former functions and views use each other.") }
            let object = setAside.remove(at: index).object
            let drop: String = try await connection.query(
                MigrationQueries.drop, [.int64(object.oid), .bool(object.isFunction)]
            ).one().decode(0)
            try await connection.execute(drop)
        }
    }

    private static func refusal(_ entry: SetAside, _ users: [String]) -> StoreError {
        let names = users.joined(separator: ", ")
        let (verb, them) = users.count == 1 ? ("depends", "it") : ("depend", "them")
        return StoreError(
            .schema,
            "Cannot update \(entry.object.name): \(names) \(verb) on it as it was, and it has to "
                + "go (\(entry.reason)). Nothing was changed. Drop \(names), run "
                + "`ogive migrate up`, and make \(them) again.")
    }

    private func objects(named names: [String]) async throws -> [Object] {
        try await connection.query(MigrationQueries.found, [.stringArray(names)]).map { row in
            Object(
                oid: try row.decode("oid"), isFunction: try row.decode("is_function"),
                name: try row.decode("name"))
        }
    }

    private func keepRecord() async throws {
        try await connection.execute(
            MigrationQueries.deleteObjects, [.stringArray(definition.objects.map(\.file.path))])
        for file in definition.objects {
            try await connection.execute(
                MigrationQueries.upsertObjects,
                [
                    .string(file.file.path), .bytes(file.file.sha256.bytes),
                    .stringArray(file.objects), .string(program), .int64(now),
                ])
        }
    }

    private func run(_ script: String, of file: SchemaFile) async throws {
        do {
            try await connection.executeScript(script)
        } catch {
            throw Self.failure(error, in: file)
        }
    }

    /// The same error, saying which file it is about.
    private static func failure(_ error: PostgresError, in file: SchemaFile) -> PostgresError {
        var error = error
        error.message = "\(file.path): \(error.message)"
        return error
    }
}
