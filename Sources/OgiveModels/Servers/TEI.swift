internal import FoundationEssentials
internal import OgiveCore

/// `/info` of TEI.
struct TEIInfo: Decodable {
    var model_id: String
    var served_model_name: String?
    var model_sha: String?
    var model_dtype: String
    var max_input_length: Int
    var max_client_batch_size: Int
    var version: String
}

extension TEIInfo {
    /// Reads the page; `nil` when it is not there, or another server's.
    static func read(_ pages: [String: Data]) -> TEIInfo? {
        pages["/info"].flatMap { try? BoundedJSON.decode(TEIInfo.self, from: $0) }
    }

    /// The names under which the one model is served.
    var names: [String] { [served_model_name ?? model_id, model_id] }

    var facts: [String: String] {
        [
            "version": version, "root": model_id, "sha": model_sha, "dtype": model_dtype,
            "max_model_len": "\(max_input_length)",
        ].compactMapValues(\.self)
    }
}

/// A label of TEI's `/predict`.
struct Prediction: Decodable {
    var label: String
    var score: Double?
}
