import FoundationEssentials
import OgiveCore
import OgiveTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct AddressTests {
    @Test(arguments: [
        "tcp://127.0.0.1:5555", "tcp://127.0.0.1:*", "tcp://127.1.2.3:65535", "ipc:///tmp/x.sock",
        "ipc://relative.sock",
    ])
    func loopbackAndFilesAreAllowed(text: String) throws {
        #expect(try TransportAddress(text, for: .listen).text == text)
    }

    @Test func localhostAndPortZeroAreWrittenAsZeroMQTakesThem() throws {
        #expect(
            try TransportAddress("tcp://localhost:0", for: .listen).text == "tcp://127.0.0.1:*")
    }

    @Test(arguments: [
        "tcp://*:5555", "tcp://0.0.0.0:5555", "tcp://10.0.0.1:5555", "tcp://eth0:5555",
        "tcp://[::]:5555", "tcp://127.0.0.1.example.org:5555", "tcp://1270.0.0.1:5555",
        "tcp://127.1:5555", "tcp://127.0.0.256:5555", "tcp://192.168.0.1;127.0.0.1:5555",
    ])
    func whatOthersCanReachIsRefusedWithWhatIsAllowed(text: String) {
        for side in [TransportAddress.Side.listen, .connect] {
            let error = #expect(throws: TransportError.self) {
                try TransportAddress(text, for: side)
            }
            #expect(error?.code == .insecureAddress)
            #expect(error?.message.contains(text) == true)
            #expect(error?.message.contains("tcp://127.0.0.1:PORT") == true)
            #expect(error?.message.contains("ipc://PATH") == true)
        }
    }

    @Test(arguments: [
        "", "127.0.0.1:5555", "http://127.0.0.1:1", "tcp://127.0.0.1", "tcp://127.0.0.1:",
        "tcp://127.0.0.1:65536", "tcp://127.0.0.1:+1", "tcp://127.0.0.1:5 5", "ipc://", "ipc://*",
        "ipc://@abstract", "inproc://x", "tcp://", "tcp://:", "ipc:///tmp/a\u{0}b",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        let error = #expect(throws: TransportError.self) {
            try TransportAddress(text, for: .listen)
        }
        #expect(error?.code == .invalidAddress || error?.code == .insecureAddress)
        #expect(error?.message.contains(text) == true)
    }

    @Test(arguments: [
        "tcp://10.0.0.1:5555", "tcp://gpu-7.cluster_a:5555", "tcp://[::1]:5555",
        "tcp://[fe80::1%eth0]:5555", "tcp://0.0.0.0:5555",
    ])
    func withKeysAnyHostIsAllowed(text: String) throws {
        for side in [TransportAddress.Side.listen, .connect] {
            let address = try TransportAddress(text, for: side, hasKeys: true)
            #expect(address.text == text)
            #expect(address.isIPv6 == text.contains("["))
        }
    }

    @Test func allAddressesAreListenedOnOnlyWhenWritten() throws {
        #expect(
            try TransportAddress("tcp://*:5555", for: .listen, hasKeys: true).text
                == "tcp://*:5555")
        for text in ["tcp://*:5555", "tcp://:5555", "tcp://a;b:1", "tcp://a/b:1", "tcp://[]:1"] {
            let error = #expect(throws: TransportError.self) {
                try TransportAddress(text, for: .connect, hasKeys: true)
            }
            #expect(error?.code == .invalidAddress)
        }
    }

    @Test func aWorkerNeedsAPort() {
        for text in ["tcp://127.0.0.1:*", "tcp://127.0.0.1:0"] {
            let error = #expect(throws: TransportError.self) {
                try TransportAddress(text, for: .connect)
            }
            #expect(error?.code == .invalidAddress)
        }
    }

    @Test func aPathMayHaveAsManyBytesAsTheSystemAllows() {
        let path = "/" + String(repeating: "x", count: TransportAddress.pathBytesMax - 1)
        #expect(throws: Never.self) { try TransportAddress("ipc://" + path, for: .listen) }
        let error = #expect(throws: TransportError.self) {
            try TransportAddress("ipc://" + path + "x", for: .listen)
        }
        #expect(error?.message.contains("107") == true)
    }

    @Test func aFileInTheWayIsKept() async throws {
        try await SocketFixture(medium: .ipc).withListen { listen in
            let path = String(listen.dropFirst("ipc://".count))
            #expect(FileManager.default.createFile(atPath: path, contents: Data([1])))
            let error = #expect(throws: TransportError.self) {
                try ZeroMQCoordinatorTransport(listen: listen, logger: SocketFixture.logger)
            }
            #expect(error?.code == .addressInUse)
            #expect(FileManager.default.contents(atPath: path) == Data([1]))
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: SocketFixture.Medium.allCases)
    func anAddressInUseIsRefused(medium: SocketFixture.Medium) async throws {
        try await SocketFixture(medium: medium).withCoordinator(queueMax: 10) { first in
            let second = try ZeroMQCoordinatorTransport(
                listen: try await first.address(), logger: SocketFixture.logger)
            let error = await #expect(throws: TransportError.self) { try await second.run() }
            #expect(error?.code == .addressInUse)
            #expect(error?.isRetriable == true)
        }
    }
}
