import FoundationEssentials
import Glibc
import OgiveTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct KeyFileTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "ogive-files-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func message(_ body: () throws -> Void) -> String {
        let error = #expect(throws: TransportError.self, performing: body)
        #expect(error?.code == .key)
        return error?.message ?? ""
    }

    @Test func aPairSurvivesItsFiles() throws {
        try withFolder { folder in
            let pair = try KeyPair.generate(name: "gpu-7")
            let files = try KeyFile.write(pair, in: folder)
            #expect(try KeyFile.pair(files.secret).publicKey == pair.publicKey)
            #expect(try KeyFile.pair(files.secret).name == "gpu-7")
            #expect(try KeyFile.publicKey(files.open) == pair.publicKey)
            let attributes = try FileManager.default.attributesOfItem(atPath: files.secret)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(message { _ = try KeyFile.write(pair, in: folder) }.contains("overwritten"))
            try FileManager.default.removeItem(atPath: files.open)
            #expect(message { _ = try KeyFile.write(pair, in: folder) }.contains("overwritten"))
            #expect(!FileManager.default.fileExists(atPath: files.open))
        }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o601])
    func aSecretThatOthersMayUseIsRefusedWithTheRemedy(mode: Int) throws {
        try withFolder { folder in
            let files = try KeyFile.write(try KeyPair.generate(name: "a"), in: folder)
            try FileManager.default.setAttributes(
                [.posixPermissions: mode], ofItemAtPath: files.secret)
            #expect(
                message { _ = try KeyFile.pair(files.secret) }.contains("chmod 600 \(files.secret)")
            )
        }
    }

    @Test func aSecretOfAnotherUserIsRefused() throws {
        guard geteuid() == 0 else { return }
        try withFolder { folder in
            let files = try KeyFile.write(try KeyPair.generate(name: "a"), in: folder)
            // Sound: a terminated path; nothing is kept of it.
            try #require(unsafe chown(files.secret, 65_534, 65_534) == 0)
            #expect(
                message { _ = try KeyFile.pair(files.secret) }.contains("belongs to user 65534"))
        }
    }

    @Test(arguments: [
        "", "public", "public xyz", "nonsense a", "public a b",
        "secret 00", "public \(String(repeating: "0", count: 63))g",
        "public \(String(repeating: "a", count: 64))\npublic \(String(repeating: "b", count: 64))",
        String(repeating: "#", count: 5_000),
    ])
    func brokenFilesAreRefusedWithTheirPath(text: String) throws {
        try withFolder { folder in
            let path = "\(folder)/a.pub"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            chmod600(path)
            #expect(message { _ = try KeyFile.publicKey(path) }.contains(path))
            #expect(message { _ = try KeyFile.pair(path) }.contains(path))
        }
    }

    @Test func aPublicKeyOfAnotherPairIsNoticed() throws {
        try withFolder { folder in
            let files = try KeyFile.write(try KeyPair.generate(name: "a"), in: folder)
            let other = try KeyPair.generate(name: "b").publicKey.text
            let own = try KeyFile.publicKey(files.open).text
            let text = try String(contentsOfFile: files.secret, encoding: .utf8)
            try text.replacing(own, with: other)
                .write(toFile: files.secret, atomically: true, encoding: .utf8)
            chmod600(files.secret)
            let said = message { _ = try KeyFile.pair(files.secret) }
            #expect(said.contains("does not belong"))
            #expect(!said.contains(text.split(separator: " ").last ?? ""))
        }
    }

    @Test func aSecretFileIsNoPublicKeyAndAPublicOneNoPair() throws {
        try withFolder { folder in
            let files = try KeyFile.write(try KeyPair.generate(name: "a"), in: folder)
            #expect(message { _ = try KeyFile.publicKey(files.secret) }.contains(".pub"))
            chmod600(files.open)
            #expect(message { _ = try KeyFile.pair(files.open) }.contains(".key"))
            #expect(message { _ = try KeyFile.pair("\(folder)/none") }.contains("No such file"))
            #expect(message { _ = try KeyFile.pair(folder) }.contains("not a file"))
        }
    }

    @Test(arguments: ["", ".a", "-a", "a/b", "a b", "ä", "../a", String(repeating: "a", count: 65)])
    func whatIsNoNameIsRefused(name: String) throws {
        #expect(!KeyFile.isName(name))
        try withFolder { folder in
            let key = try KeyPair.generate(name: "a").publicKey
            _ = message { try KeyFolder(folder).authorize(key, name: name) }
        }
    }

    private func chmod600(_ path: String) {
        // Sound: a terminated path; nothing is kept of it.
        #expect(unsafe chmod(path, 0o600) == 0)
    }
}
