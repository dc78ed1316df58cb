internal import Glibc

/// Small text files of a private server.
enum TextFile {
    /// The file's text without the white space around it; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        tail(path, bytes: 1 << 16)?.trimmed
    }

    /// The end of a file; nil when it cannot be read.
    static func tail(_ path: String, bytes: Int) -> String? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        // Sound: `file` is open, and at most the buffer's size is read into it. Seeking fails
        // when the file is shorter, which then is read from its beginning.
        _ = unsafe fseek(file, -bytes, SEEK_END)
        var buffer = [UInt8](repeating: 0, count: bytes)
        let count = unsafe fread(&buffer, 1, bytes, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Writes a new file in the place of an old one, at once.
    static func write(_ text: String, to path: String) throws(PostgresError) {
        // A name that nobody can foresee, or put a link at.
        let draft = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        guard try create(draft, text), unsafe rename(draft, path) == 0 else {
            throw failure(path)
        }
    }

    /// Writes a file that is not there yet; false when it is.
    static func create(_ path: String, _ text: String) throws(PostgresError) -> Bool {
        // Sound: the text outlives the call, which fails at a link as it does at a file.
        guard let file = unsafe fopen(path, "wxe") else {
            guard errno == EEXIST else { throw failure(path) }
            return false
        }
        let bytes = Array(text.utf8)
        // Sound: `file` is open until it is closed here, whatever the write gave.
        let written = unsafe fwrite(bytes, 1, bytes.count, file)
        let closed = unsafe fclose(file)
        guard written == bytes.count, closed == 0 else {
            let error = failure(path)
            // Sound: the text outlives the call. What is left is an incomplete draft.
            _ = unsafe unlink(path)
            throw error
        }
        return true
    }

    private static func failure(_ path: String) -> PostgresError {
        PostgresError(
            .embedded,
            "\(path) cannot be written: \(SystemText.lastError). Check the permissions and the "
                + "free space of the disk.")
    }
}
