/// Why a received message was dropped.
package enum DropReason: String, Sendable, CaseIterable {
    /// It is no message of ours, or breaks a bound.
    case invalid
    /// It claims another worker than the one whose connection it came by.
    case wrongWorker = "wrong_worker"
    /// Its sender's key is not the one that the worker registered with.
    case wrongUser = "wrong_user"
    /// Its sender's key was revoked.
    case revoked
    /// More workers are known than a coordinator keeps in mind.
    case tooManyWorkers = "too_many_workers"
    /// Its sender speaks another version of the protocol.
    case unknownVersion = "unknown_version"
    /// It has another number of frames than it must.
    case wrongFrames = "wrong_frames"
}
