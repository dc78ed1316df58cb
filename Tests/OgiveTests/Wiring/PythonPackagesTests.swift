import Foundation
import Testing

@testable import ogive

/// The Python beside the program, and what it has.
@Suite(.timeLimit(.minutes(10))) struct PythonPackagesTests {
    /// Runs `body` with a folder `bin` that has a Python which finds the package `known` alone.
    private func withPython(_ body: (_ bin: String) async throws -> Void) async throws {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/ogive-python-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder + "/bin", withIntermediateDirectories: true)
        // Called as `python3 -c QUESTION PACKAGE`.
        let script = """
            #!/bin/sh
            if [ "$3" = known ]; then echo a warning; echo /packages/known; else echo; fi

            """
        let python = folder + "/bin/python3"
        try script.write(toFile: python, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
        try await body(folder + "/bin")
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func `The Python beside the program is asked before the one of PATH`() async throws {
        try await withPython { bin in
            let packages = PythonPackages(
                environment: ["PATH": "/nowhere:\(bin)"], program: bin + "/ogive")
            #expect(packages.interpreters == [bin + "/python3", bin + "/python3"])
            let elsewhere = PythonPackages(
                environment: ["PATH": "/nowhere:\(bin)"], program: "/nowhere/ogive")
            #expect(elsewhere.interpreters == [bin + "/python3"])
        }
    }

    @Test func `OGIVE_PYTHON is asked in place of all others`() async throws {
        try await withPython { bin in
            let packages = PythonPackages(
                environment: ["PATH": bin, "OGIVE_PYTHON": "/mine/python"], program: bin + "/ogive")
            #expect(packages.interpreters == ["/mine/python"])
            let relative = PythonPackages(environment: ["OGIVE_PYTHON": "mine/python"])
            let here = FileManager.default.currentDirectoryPath
            #expect(relative.interpreters == [here + "/mine/python"])
            #expect(await packages.find("known") == nil, "it is not there")
        }
    }

    @Test func `A package is found with its interpreter and its folder`() async throws {
        try await withPython { bin in
            let packages = PythonPackages(environment: [:], program: bin + "/ogive")
            let found = await packages.find("known")
            #expect(found == .init(python: bin + "/python3", folder: "/packages/known"))
            #expect(await packages.find("unknown") == nil)
        }
    }

    @Test func `A real Python finds a package of its library, and not one that is not there`()
        async throws
    {
        let packages = PythonPackages(
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], program: "/nowhere/ogive")
        guard let python = packages.interpreters.first else { return }
        let found = try #require(await packages.find("json"))
        #expect(found.python == python)
        #expect(found.folder.hasSuffix("/json"))
        #expect(await packages.find("no_such_package_of_anybody") == nil)
    }

    @Test func `The data lies beside the folder of the program, unless it is named`() throws {
        #expect(
            Installation.share(environment: [:], program: "/usr/bin/ogive") == "/usr/share/ogive")
        #expect(
            Installation.share(environment: ["OGIVE_SHARE": "/mine"], program: "/usr/bin/ogive")
                == "/mine")
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/ogive-share-\(UInt64.random(in: 0 ... .max))"
        #expect(Installation.commit(in: folder) == nil)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        try "0a1b2c\n".write(toFile: folder + "/commit", atomically: true, encoding: .utf8)
        #expect(Installation.commit(in: folder) == "0a1b2c")
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func `Files of the quickstart that are there are kept`() throws {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/ogive-quickstart-\(UInt64.random(in: 0 ... .max))"
        let (source, target) = (folder + "/source", folder + "/target")
        try FileManager.default.createDirectory(
            atPath: source, withIntermediateDirectories: true)
        let files = QuickstartFiles(source: source)
        #expect(throws: CommandError.self) { try files.requirePresence() }
        for name in QuickstartFiles.names {
            try "run \"{python}\" {port}\n".write(
                toFile: "\(source)/\(name)", atomically: true, encoding: .utf8)
        }
        try files.requirePresence()
        #expect(try files.write(to: target, python: "/a \"b\"/python3") == QuickstartFiles.names)
        let written = try String(
            contentsOfFile: target + "/quickstart.yaml", encoding: .utf8)
        #expect(written == "run \"/a \\\"b\\\"/python3\" {port}\n")
        try "mine".write(
            toFile: target + "/quickstart.yaml", atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: target + "/prompts.jsonl")
        #expect(try files.write(to: target, python: "python3") == ["prompts.jsonl"])
        #expect(
            try String(contentsOfFile: target + "/quickstart.yaml", encoding: .utf8) == "mine")
        try FileManager.default.removeItem(atPath: folder)
    }
}
