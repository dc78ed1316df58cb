import CZeroMQ
import Glibc

extension ZeroMQSocket {
    /// Hands a message to libzmq without waiting.
    ///
    /// - Returns: `sent`, `wouldBlock` or `unreachable`; never `notOpen`.
    /// - Throws: `invalidMessage` for no frames or a socket that may not send now, `terminated`.
    package borrowing func send(_ frames: [[UInt8]]) throws(ZeroMQError) -> ZeroMQSendResult {
        guard let last = frames.indices.last else {
            throw ZeroMQError(.invalidMessage, "cannot send a message of no frames")
        }
        var result = ZeroMQSendResult.sent
        for (index, frame) in frames.enumerated() {
            let more = index < last ? ZMQ_SNDMORE : 0
            guard let refusal = try sendFrame(frame, flags: ZMQ_DONTWAIT | more) else { continue }
            result = refusal
            // A refused first frame refuses the message. A later one means that the peer went away
            // in between: libzmq then swallows the frames up to the last, which it must be given.
            if index == 0 { return result }
        }
        return result
    }

    /// Takes the next message if one is there, without waiting.
    ///
    /// - Throws: `invalidMessage` when the socket's type may not receive now, `terminated`.
    package borrowing func receive() throws(ZeroMQError) -> ZeroMQMessage? {
        let batch = try receive(countMax: 1, bytesMax: .max)
        return batch.first
    }

    /// Takes messages that are there, without waiting, up to a bound.
    ///
    /// - Parameters:
    ///   - countMax: the most messages taken.
    ///   - bytesMax: no further message is begun once the batch has this many bytes.
    package borrowing func receive(
        countMax: Int, bytesMax: Int
    ) throws(ZeroMQError) -> [ZeroMQMessage] {
        var batch: [ZeroMQMessage] = []
        var bytes = 0
        var part = ReceivedPart()
        while batch.count < countMax, bytes < bytesMax {
            // Sound: own handle, which lives until the socket does not.
            guard unsafe try part.next(handle: handle) else { break }
            var message = ZeroMQMessage([part.bytes()])
            bytes += message.frames[0].count
            while part.hasMore {
                // libzmq hands over whole messages: the rest of one is there when its start is.
                // Sound: as above.
                guard unsafe try part.next(handle: handle) else { break }
                guard message.frames.count < ZeroMQMessage.framesMax else {
                    message.isTruncated = true
                    continue
                }
                message.frames.append(part.bytes())
                bytes += message.frames[message.frames.count - 1].count
            }
            message.userID = part.userID
            batch.append(message)
        }
        return batch
    }

    /// Nil when libzmq took the frame.
    private borrowing func sendFrame(
        _ frame: [UInt8], flags: Int32
    ) throws(ZeroMQError) -> ZeroMQSendResult? {
        while true {
            // Sound: own handle; libzmq copies as many bytes as the array has.
            if unsafe zmq_send(handle, frame, frame.count, flags) >= 0 { return nil }
            switch zmq_errno() {
            case EAGAIN: return .wouldBlock
            case EHOSTUNREACH: return .unreachable
            case EINTR: continue
            default: throw .call("send a message", .last)
            }
        }
    }
}
