import FoundationEssentials
import OgiveTransport
import Testing

@Suite(.timeLimit(.minutes(10))) struct AddressFileTests {
    private static let digits = String(repeating: "0f", count: 32)

    /// A file of a name of its own, which is removed afterwards.
    private func withFile(_ body: (AddressFile) throws -> Void) throws {
        let file = AddressFile("/tmp/ogive-address-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(atPath: file.path) }
        try body(file)
    }

    @Test func `What was written last is read, whole, and nothing else is left`() throws {
        try withFile { file in
            #expect(try file.read() == nil)
            try file.write(CoordinatorAddress("tcp://n1:7077", key: PublicKey(Self.digits)))
            let second = CoordinatorAddress("tcp://n2:7078")
            try file.write(second)
            #expect(try file.read() == second)
            try file.write(CoordinatorAddress("tcp://n1:7077", key: PublicKey(Self.digits)))
            #expect(try file.read()?.key == PublicKey(Self.digits))
            let name = try #require(file.path.split(separator: "/").last)
            let left = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
                .filter { $0.hasPrefix(name) }
            #expect(left == [String(name)])
        }
    }

    @Test(arguments: [
        "", "public \(String(repeating: "0f", count: 32))\n", "address\n", "address a b\n",
        "address a\naddress b\n", "address a\npublic 12\n", "address a\nsecret b\n",
        String(repeating: "# much\n", count: 4096),
    ])
    func `A file of anything else is refused, and named`(_ text: String) throws {
        try withFile { file in
            try text.write(toFile: file.path, atomically: false, encoding: .utf8)
            let error = #expect(throws: TransportError.self) { try file.read() }
            #expect(error?.message.contains(file.path) == true)
        }
    }

    @Test func `An address that cannot be written is an error`() throws {
        #expect(throws: TransportError.self) {
            try AddressFile("/no/such/folder/address").write(CoordinatorAddress("tcp://n1:1"))
        }
    }

    @Test func `Addresses of all interfaces get a host`() {
        for bound in ["tcp://*:7", "tcp://0.0.0.0:7", "tcp://[::]:7"] {
            #expect(CoordinatorAddress.shared(bound, host: "n1") == "tcp://n1:7")
        }
        #expect(CoordinatorAddress.local("tcp://0.0.0.0:7") == "tcp://127.0.0.1:7")
        #expect(CoordinatorAddress.local("tcp://[::]:7") == "tcp://[::1]:7")
        for bound in ["tcp://10.0.0.1:7", "tcp://[fe80::1]:7", "ipc:///run/ogive"] {
            #expect(CoordinatorAddress.shared(bound, host: "n1") == bound)
            #expect(CoordinatorAddress.local(bound) == bound)
        }
    }

    @Test func `A place is a file or an address`() {
        #expect(CoordinatorPlace("file:/run/address") == .file(AddressFile("/run/address")))
        #expect(CoordinatorPlace("tcp://n1:1") == .address("tcp://n1:1"))
        #expect("\(CoordinatorPlace("file:/run/address"))" == "file:/run/address")
    }
}
