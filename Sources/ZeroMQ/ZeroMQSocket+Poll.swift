import CZeroMQ
package import DedicatedThread
import Glibc

extension ZeroMQSocket {
    /// Blocks the calling thread until the socket is ready, a wake descriptor is signalled or the
    /// time is up. Only for code on a thread of its own.
    ///
    /// - Parameters:
    ///   - events: what to wait for; with none, the socket is left out.
    ///   - wakes: stay signalled: the caller drains its own.
    ///   - timeout: nil is for ever.
    package borrowing func poll(
        for events: ZeroMQEvents, wakes: [WakeDescriptor], timeout: Duration?
    ) throws(ZeroMQError) -> ZeroMQReadiness {
        // Sound: an item for each descriptor, which `wakes` keeps open, and one for own handle.
        var items = unsafe wakes.map {
            unsafe zmq_pollitem_t(
                socket: nil, fd: $0.descriptor, events: Int16(ZMQ_POLLIN), revents: 0)
        }
        if !events.isEmpty {
            // Sound: as above.
            unsafe items.append(
                zmq_pollitem_t(socket: handle, fd: 0, events: events.rawValue, revents: 0))
        }
        let milliseconds = timeout.map { Swift.max(0, $0.millisecondsRoundedUp) } ?? -1
        // Sound: the count is the array's.
        let code = unsafe zmq_poll(&items, Int32(items.count), Int(milliseconds))
        guard code >= 0 || zmq_errno() == EINTR else { throw .call("poll a socket", .last) }
        // Sound: plain numbers are read out of the array.
        let found = unsafe items.map { unsafe $0.revents }
        return ZeroMQReadiness(
            events: events.isEmpty ? [] : ZeroMQEvents(rawValue: found[wakes.count]),
            woken: found.prefix(wakes.count).map { $0 != 0 })
    }
}
