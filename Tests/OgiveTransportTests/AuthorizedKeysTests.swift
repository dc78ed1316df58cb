import FoundationEssentials
import OgiveTesting
import Testing

@testable import OgiveTransport

@Suite(.timeLimit(.minutes(10))) struct AuthorizedKeysTests {
    @Test func keysAreAuthorizedAndRevokedByNameAndByDigits() throws {
        let ring = try KeyRing()
        let folder = KeyFolder(ring.folder)
        let (a, b) = (try ring.pair("a"), try ring.pair("b"))
        #expect(try folder.names() == [a.publicKey: "a", b.publicKey: "b"])
        #expect(throws: TransportError.self) { try folder.authorize(a.publicKey, name: "c") }
        let other = try KeyPair.generate(name: "a")
        #expect(throws: TransportError.self) { try folder.authorize(other.publicKey, name: "a") }
        #expect(try folder.revoke("a") == "a")
        #expect(try folder.revoke(b.publicKey.text) == "b")
        #expect(try folder.names().isEmpty)
        let error = #expect(throws: TransportError.self) { try folder.revoke("a") }
        #expect(error?.message.contains("ogive keys list") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: ring.folder).isEmpty)
    }

    @Test func aBrokenFileKeepsTheFormerKeysUntilItIsRepaired() throws {
        let ring = try KeyRing()
        let (a, b) = (try ring.pair("a"), try ring.pair("b"))
        let broken = "\(ring.folder)/c.pub"
        try "nonsense".write(toFile: broken, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: "\(ring.folder)/b.pub")
        ring.authorized.reload()
        ring.authorized.reload()
        #expect(ring.authorized.name(of: a.publicKey) == "a")
        #expect(ring.authorized.name(of: b.publicKey) == "b")
        #expect(ring.authorized.failures == 1)
        try FileManager.default.removeItem(atPath: broken)
        ring.authorized.reload()
        #expect(ring.authorized.name(of: a.publicKey) == "a")
        #expect(ring.authorized.name(of: b.publicKey) == nil)
    }

    @Test func aFolderThatGoesAwayKeepsTheFormerKeys() throws {
        let ring = try KeyRing()
        let a = try ring.pair("a")
        try FileManager.default.removeItem(atPath: ring.folder)
        ring.authorized.reload()
        #expect(ring.authorized.name(of: a.publicKey) == "a")
        #expect(ring.authorized.failures == 1)
        #expect(throws: TransportError.self) {
            try AuthorizedKeys(folder: ring.folder, logger: SocketFixture.logger)
        }
    }

    @Test func otherFilesAndHiddenOnesSayNothing() throws {
        let ring = try KeyRing()
        for name in ["README", ".a.pub", "..data"] {
            try "nonsense".write(
                toFile: "\(ring.folder)/\(name)", atomically: true, encoding: .utf8)
        }
        #expect(try KeyFolder(ring.folder).names().isEmpty)
    }

    @Test func aKeyUnderTwoNamesIsRefused() throws {
        let ring = try KeyRing()
        _ = try ring.pair("a")
        try FileManager.default.copyItem(
            atPath: "\(ring.folder)/a.pub", toPath: "\(ring.folder)/b.pub")
        let error = #expect(throws: TransportError.self) { try KeyFolder(ring.folder).names() }
        #expect(error?.message.contains("a and b") == true)
    }

    @Test(.timeLimit(.minutes(10)))
    func aWatchedFolderIsFollowed() async throws {
        let ring = try KeyRing()
        let pair = try ring.pair("late", isAuthorized: false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await ring.authorized.watch(every: .milliseconds(10)) }
            try KeyFolder(ring.folder).authorize(pair.publicKey, name: "late")
            try await eventually("the key") { ring.authorized.name(of: pair.publicKey) == "late" }
            _ = try KeyFolder(ring.folder).revoke("late")
            try await eventually("its end") { ring.authorized.name(of: pair.publicKey) == nil }
            group.cancelAll()
        }
    }
}
