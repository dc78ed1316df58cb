internal import Glibc
internal import Postgres

/// A completion's text in the two columns that hold it.
struct StoredText {
    /// The text as sampled.
    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// Reads the columns `text` and `raw`.
    init(_ row: PostgresRow) throws {
        if let raw = try row.decode("raw", as: [UInt8]?.self) {
            text = String(decoding: raw, as: UTF8.self)
        } else {
            text = try row.decode("text")
        }
    }

    /// What the column `raw` holds: the exact bytes where `text` cannot.
    var raw: [UInt8]? {
        text.hasNUL ? Array(text.utf8) : nil
    }
}

extension String {
    /// Whether it holds U+0000, which PostgreSQL's text cannot.
    var hasNUL: Bool {
        // Sound: memchr reads `count` bytes of the text's own storage.
        let found = unsafe utf8.withContiguousStorageIfAvailable { bytes in
            unsafe bytes.baseAddress.map { unsafe memchr($0, 0, bytes.count) != nil } ?? false
        }
        return found ?? utf8.contains(0)
    }
}
