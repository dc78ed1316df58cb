package import FoundationEssentials
package import OgiveCore

/// Reads how busy a server is from its `/metrics` (Prometheus' text format).
package enum ServerMetrics {
    /// What a server calls its queues.
    struct Names: Sendable {
        /// Sequences that it works on.
        var running: String
        /// What waits.
        var waiting: String
        /// Whether `waiting` counts a request of several sequences once.
        var queuesRequests = false
    }

    /// Most bytes of the page that are read.
    static let bytesMax = 4 << 20

    /// The load that the page reports; `nil` when it has none of the queues that are known.
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
        for names in ServerKind.all.compactMap(\.metrics) {
            guard let waiting = found[names.waiting[...]] else { continue }
            return ServerLoad(
                running: Int(found[names.running[...]] ?? 0), waiting: Int(waiting),
                queuesRequests: names.queuesRequests)
        }
        return nil
    }
}

extension ServerConnection {
    /// How busy the server says it is; `nil` where it does not report it.
    package func load() async -> ServerLoad? {
        do throws(ModelError) {
            return ServerMetrics.load(try await http.get("/metrics"))
        } catch {
            // Many servers have no such page, and a hint is no reason to fail.
            return nil
        }
    }
}
