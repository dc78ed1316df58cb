internal import CZlib

// Safe to use: the pointer never leaves this value, which alone owns what it points to.
/// Unpacks gzip, member after member, block by block.
@safe struct GzipInflater: ~Copyable {
    /// The first two bytes of every member.
    static let magic: [UInt8] = [0x1f, 0x8b]

    // zlib keeps a pointer to the stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isWithinMember = true
    private var input: [UInt8] = []
    private var offset = 0
    /// Whether the last piece filled its buffer, so that zlib may hold more.
    private var hasMore = false

    /// Prepares for the first member.
    init() throws(UnpackingProblem) {
        // The allocation is owned by this value alone and freed in `deinit` or right here.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window and 16 for the gzip format; version and size prove the same header.
        let code = unsafe inflateInit2_(
            stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            unsafe stream.deallocate()
            throw UnpackingProblem(text: "zlib cannot start (code \(code))")
        }
        unsafe self.stream = unsafe stream
    }

    deinit {
        // Frees what inflateInit2_ took, then the stream itself; nobody else has the pointer.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Takes a block; what the one before unpacks to must have been fetched.
    mutating func feed(_ block: [UInt8]) {
        input = block
        offset = 0
    }

    /// The next piece, of bounded size however well it was packed; `nil` when another block is
    /// needed. Throws when the data is damaged.
    mutating func next() throws(UnpackingProblem) -> [UInt8]? {
        while offset < input.count || hasMore {
            if !isWithinMember { try beginMember() }
            let piece = try step()
            if !piece.isEmpty { return piece }
        }
        return nil
    }

    /// Says that the input ended. Throws when that is within a member.
    func finish() throws(UnpackingProblem) {
        if isWithinMember {
            throw UnpackingProblem(text: "the gzip data ends too early: it was cut off")
        }
    }

    private mutating func beginMember() throws(UnpackingProblem) {
        guard input[offset] == Self.magic[0] else {
            throw UnpackingProblem(text: "there is something else after the end of the gzip data")
        }
        // The stream is initialised; a reset keeps its buffers.
        unsafe inflateReset(stream)
        isWithinMember = true
    }

    private mutating func step() throws(UnpackingProblem) -> [UInt8] {
        var code = Z_OK
        var left = 0
        // inflate reads only `avail_in` bytes of the source and writes only `avail_out` into the
        // target; both buffers outlive the call, and the source is never written to.
        let stream = unsafe self.stream
        let (input, start) = (input, offset)
        let output = unsafe [UInt8](unsafeUninitializedCapacity: ByteSource.blockBytes) {
            target, count in
            unsafe input.withUnsafeBufferPointer { source in
                unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(
                    mutating: source.baseAddress?.advanced(by: start))
                unsafe stream.pointee.avail_in = UInt32(source.count - start)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(target.count)
                code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                left = unsafe Int(stream.pointee.avail_in)
                count = unsafe target.count - Int(stream.pointee.avail_out)
            }
        }
        offset = input.count - left
        hasMore = code == Z_OK && output.count == ByteSource.blockBytes
        if code == Z_STREAM_END {
            isWithinMember = false
        } else if code != Z_OK, code != Z_BUF_ERROR {
            throw UnpackingProblem(text: "the gzip data is damaged (zlib code \(code))")
        }
        return output
    }
}
