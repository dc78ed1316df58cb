internal import OgiveCore
internal import ZeroMQ

extension SendOutcome {
    /// What libzmq's answer means to a sender.
    init(_ result: ZeroMQSendResult) {
        self =
            switch result {
            case .sent: .queued
            case .wouldBlock: .full
            case .unreachable, .notOpen: .unreachable
            }
    }
}
