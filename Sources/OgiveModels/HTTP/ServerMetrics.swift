package import FoundationEssentials
package import OgiveCore

/// Reads how busy a server is from its `/metrics` (Prometheus' text format).
package enum ServerMetrics {
    private static let running = [
        "vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing",
        "tgi_batch_current_size",
    ]
    private static let waiting = [
        "vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred",
        "tgi_queue_size",
    ]
    /// Most bytes of the page that are read.
    static let bytesMax = 4 << 20

    /// The load that the page tells; `nil` when it tells of none of the queues that are known.
    package static func load(_ page: Data) -> ServerLoad? {
        guard page.count <= bytesMax else { return nil }
        let text = String(decoding: page, as: UTF8.self)
        var found: [Substring: Double] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            // After the labels, which may hold spaces, comes the value.
            let rest =
                line.lastIndex(of: "}").map { line[$0...].dropFirst() }
                ?? line.dropFirst(name.count)
            guard let value = rest.split(separator: " ").first.flatMap({ Double($0) }),
                value >= 0, value < 1e9
            else { continue }
            found[name, default: 0] += value
        }
        guard let waiting = waiting.lazy.compactMap({ found[$0[...]] }).first else { return nil }
        let running = running.lazy.compactMap { found[$0[...]] }.first ?? 0
        return ServerLoad(
            running: Int(running), waiting: Int(waiting),
            queuesRequests: found["llamacpp:requests_deferred"] != nil)
    }
}

extension ServerConnection {
    /// How busy the server says it is; `nil` where it does not tell.
    package func load() async -> ServerLoad? {
        do throws(ModelError) {
            return ServerMetrics.load(try await http.get("/metrics"))
        } catch {
            // Many servers have no such page, and a hint is no reason to fail.
            return nil
        }
    }
}
