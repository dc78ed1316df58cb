internal import Logging
internal import OgiveCore

/// Writes what the scheduler noticed into the log.
struct NoticeLog: Sendable {
    let logger: Logger

    /// Writes one notice.
    func write(_ notice: Scheduler.Notice) {
        switch notice {
        case .registered(let id, let name):
            logger.info("worker registered", metadata: ["worker": "\(id)", "name": "\(name)"])
        case .lost(let id, let name, let tasks):
            logger.warning(
                "worker lost; its tasks go to others",
                metadata: ["worker": "\(id)", "name": "\(name)", "tasks": "\(tasks)"])
        case .left(let id, let name):
            logger.info("worker left", metadata: ["worker": "\(id)", "name": "\(name)"])
        case .expired(let lease, let worker):
            logger.warning(
                "lease ran out; the task goes to others",
                metadata: ["worker": "\(worker)", "task": "\(lease.task.rawValue)"])
        case .stale(let lease, let worker):
            logger.info(
                "result of a former lease dropped",
                metadata: ["worker": "\(worker)", "task": "\(lease.task.rawValue)"])
        case .rejected(let id, let name, let reason):
            logger.warning(
                "what a worker says of its leases is refused",
                metadata: ["worker": "\(id)", "name": "\(name)", "reason": "\(reason)"])
        case .unserved(let id, let name, let reason):
            logger.warning(
                "worker gets no work",
                metadata: ["worker": "\(id)", "name": "\(name)", "reason": "\(reason)"])
        case .landingPaused(let error, let pause):
            logger.warning(
                "results could not be landed; trying again",
                metadata: ["reason": "\(error.message)", "in": "\(pause)"])
        case .declined(let id, let name, let reason):
            logger.warning(
                "worker cannot serve a run",
                metadata: ["worker": "\(id)", "name": "\(name)", "reason": "\(reason)"])
        case .callFailed(let call, let run, let error, let pause):
            logger.warning(
                "the database did not do what a run needs; trying again",
                metadata: [
                    "call": "\(call.rawValue)", "run": "\(run)",
                    "reason": "\(error.message)", "code": "\(error.code.rawValue)",
                    "in": "\(pause)",
                ])
        case .finished(let id, let name, let isOutOfBudget):
            logger.notice(
                isOutOfBudget ? "run ended; its budget is spent" : "run finished",
                metadata: ["run": "\(name)", "id": "\(id.rawValue)"])
        }
    }
}
