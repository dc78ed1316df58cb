import Glibc
import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
@PollingThread struct AddressErrorTests {
    let context: ZeroMQContext

    init() throws {
        context = try ZeroMQContext()
    }

    @Test func `a port in use is named with what to do`() throws {
        let first = try ZeroMQSocket.open(context, .router)
        let address = try bindLoopback(first)
        let error = try bindError(address)
        #expect(error.code == .addressInUse)
        #expect(error.isRetriable)
        #expect(
            error.message == "port in use: another process listens on \(address); "
                + "choose another `listen` or stop that process")
        #expect(error.description.contains("Address already in use"))
        _ = consume first
    }

    @Test func `a socket file in use is not taken away from its listener`() async throws {
        try await withTemporaryDirectory { directory in
            let address = "ipc://\(directory)/s"
            let first = try ZeroMQSocket.open(context, .pull)
            try first.bind(address)
            #expect(try bindError(address).code == .addressInUse)
            let push = try ZeroMQSocket.open(context, .push)
            try push.connect(address)
            #expect(try push.send([[1]]) == .sent)
            #expect(try nextMessage(first)?.frames == [[1]])
            first.close()
        }
    }

    @Test func `a socket file left behind by a dead process is replaced`() async throws {
        try await withTemporaryDirectory { directory in
            // Sound: the call reads the terminated string and keeps nothing of it.
            let descriptor = unsafe open("\(directory)/s", O_CREAT | O_WRONLY, 0o600)
            #expect(descriptor >= 0)
            close(descriptor)
            let socket = try ZeroMQSocket.open(context, .pull)
            try socket.bind("ipc://\(directory)/s")
            socket.close()
        }
    }

    @Test(arguments: [
        "", "5555", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:", "tcp://127.0.0.1:x",
        "tcp://127.0.0.1:70000", "tcp://127.0.0.1:-1", "tcp://[::1]:65536",
        "tcp://127.0.0.1:99999999999", "smoke://signal", "ipc:/tmp/x", "tcp//127.0.0.1:5555",
    ])
    func `what is no address is refused by bind`(address: String) throws {
        let error = try bindError(address)
        #expect(error.code == .invalidAddress)
        #expect(error.message.contains("'\(address)'"))
        #expect(!error.isRetriable)
    }

    @Test(arguments: [
        "", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tcp://localhost:70000", "tcp://127.0.0.1:0",
        "smoke://signal", "5555",
    ])
    func `what is no address is refused by connect`(address: String) throws {
        let socket = try ZeroMQSocket.open(context, .dealer)
        #expect {
            try socket.connect(address)
        } throws: {
            ($0 as? ZeroMQError)?.code == .invalidAddress
        }
    }

    @Test func `an address of another machine is not available`() throws {
        let error = try bindError("tcp://192.0.2.1:5555")
        #expect(error.code == .addressUnavailable)
        #expect(error.message.contains("tcp://192.0.2.1:5555"))
    }

    @Test func `a missing directory is named`() throws {
        let error = try bindError("ipc:///nowhere/at/all/s")
        #expect(error.code == .permissionDenied)
        #expect(error.message.contains("ipc:///nowhere/at/all/s"))
        #expect(error.message.contains("directory"))
    }

    @Test func `too long a path is named`() throws {
        let long = "ipc:///tmp/" + String(repeating: "x", count: 200)
        #expect(try bindError(long).code == .invalidAddress)
    }

    @Test(arguments: [
        (EACCES, ZeroMQError.Code.permissionDenied), (EPERM, .permissionDenied),
        (EADDRNOTAVAIL, .addressUnavailable), (EMFILE, .resourcesExhausted), (EIO, .system),
    ])
    func `a system error becomes a code and keeps its cause`(
        number: Int32, code: ZeroMQError.Code
    ) {
        let cause = ZeroMQErrno(number: number)
        let error = ZeroMQError.address("tcp://127.0.0.1:80", binding: true, cause)
        #expect(error.code == code)
        #expect(error.cause as? ZeroMQErrno == cause)
        #expect(error.description.contains("errno \(number)"))
    }

    private func bindError(_ address: String) throws -> ZeroMQError {
        let socket = try ZeroMQSocket.open(context, .router)
        do {
            try socket.bind(address)
        } catch {
            return error
        }
        throw NotRefused(address: address)
    }

    private struct NotRefused: Error {
        let address: String
    }
}
