internal import DequeModule
internal import Synchronization

/// The bytes that the answers of all servers together may hold, from when they are read until they
/// are decoded: a worker with many connections to a hostile server must not run out of memory.
///
/// An answer that finds no room waits, and its connection with it, until others are done; it does
/// not fail by that, except by its request's own deadline. Nobody waits for ever: the first that
/// finds no room may go on beyond the bound, one at a time, in the order of asking. So all answers
/// hold at most `bytesMax`, the bound of a single answer, and `smallBytes` for each connection.
package final class AnswerBudget: Sendable {
    /// The part of one answer; given back when the last reference goes.
    final class Share: Sendable {
        fileprivate let budget: AnswerBudget
        /// Taken bytes, and how many of them count.
        fileprivate let taken = Mutex((all: 0, counted: 0))

        fileprivate init(_ budget: AnswerBudget) {
            self.budget = budget
        }

        deinit {
            budget.release(ObjectIdentifier(self), taken.withLock(\.counted))
        }

        /// Waits until `bytes` more may be held. Throws only when the task is cancelled.
        func take(_ bytes: Int) async throws(CancellationError) {
            let counted = taken.withLock { taken in
                taken.all += bytes
                return min(bytes, max(0, taken.all - budget.smallBytes))
            }
            guard counted > 0 else { return }
            guard await budget.take(counted, for: ObjectIdentifier(self)) else {
                throw CancellationError()
            }
            taken.withLock { $0.counted += counted }
        }
    }

    private struct Waiter {
        let share: ObjectIdentifier
        let bytes: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var used = 0
        var usedMax = 0
        /// The answer that may go on beyond the bound.
        var privileged: ObjectIdentifier?
        var waiting: Deque<Waiter> = []

        mutating func grants(_ bytes: Int, to share: ObjectIdentifier, of bytesMax: Int) -> Bool {
            if privileged != share, used + bytes > bytesMax {
                guard privileged == nil else { return false }
                privileged = share
            }
            used += bytes
            usedMax = max(usedMax, used)
            return true
        }
    }

    /// The budget of this process: two answers of the largest size.
    package static let shared = AnswerBudget(bytesMax: 2 * ModelHTTP.answerBytesMaxDefault)

    private let bytesMax: Int
    /// What every answer may hold without asking: nearly all answers are smaller.
    let smallBytes: Int
    private let state = Mutex(State())

    /// A budget of its own.
    package init(bytesMax: Int, smallBytes: Int = 1 << 20) {
        self.bytesMax = bytesMax
        self.smallBytes = smallBytes
    }

    /// The most bytes that counted at one time so far.
    package var usedMax: Int { state.withLock(\.usedMax) }

    /// The bytes that count now.
    package var used: Int { state.withLock(\.used) }

    /// How many answers wait for room.
    package var waiting: Int { state.withLock(\.waiting.count) }

    /// The share of a new answer.
    func share() -> Share { Share(self) }

    /// Whether the bytes may be held; waits until they may, and answers `false` when cancelled.
    private func take(_ bytes: Int, for share: ObjectIdentifier) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isGranted = state.withLock { state in
                    // Not past those who wait already.
                    let isFirst = state.waiting.isEmpty || state.privileged == share
                    if isFirst, state.grants(bytes, to: share, of: bytesMax) { return true }
                    state.waiting.append(
                        Waiter(share: share, bytes: bytes, continuation: continuation))
                    return false
                }
                if isGranted {
                    continuation.resume(returning: true)
                } else if Task.isCancelled {
                    // The handler may have run before the waiter was there to be found.
                    cancel(share)
                }
            }
        } onCancel: {
            cancel(share)
        }
    }

    private func cancel(_ share: ObjectIdentifier) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.share == share }.map { state.waiting.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }

    private func release(_ share: ObjectIdentifier, _ bytes: Int) {
        let granted = state.withLock { state in
            state.used -= bytes
            if state.privileged == share { state.privileged = nil }
            var granted: [Waiter] = []
            while let first = state.waiting.first,
                state.grants(first.bytes, to: first.share, of: bytesMax)
            {
                granted.append(state.waiting.removeFirst())
            }
            return granted
        }
        for waiter in granted { waiter.continuation.resume(returning: true) }
    }
}
