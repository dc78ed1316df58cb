internal import CZlib

// Safe to use: the pointer never leaves this value, which alone owns what it points to.
/// Packs data into one member of gzip, piece by piece; the same data gives the same bytes.
@safe struct GzipDeflater: ~Copyable {
    private static let blockBytes = 256 << 10
    // zlib keeps a pointer to the stream, which therefore must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Begins a member. Throws `.unavailable` when there is no memory.
    init() throws(CommandError) {
        // The allocation is owned by this value alone and freed in `deinit` or right here.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // `stream` is initialized, and its size is what is told.
        // 15 bits of window and 16 for the gzip format, whose header then has no time.
        let code = unsafe deflateInit2_(
            stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            // Nobody else has the pointer yet.
            unsafe stream.deallocate()
            throw CommandError(.unavailable, "zlib cannot start (code \(code))")
        }
        // Freed in `deinit` from here on.
        unsafe self.stream = unsafe stream
    }

    deinit {
        // Frees what deflateInit2_ took, then the stream itself; nobody else has the pointer.
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// What the piece packs to so far; with `isLast` all that is left, and the end of the member.
    mutating func pack(_ piece: [UInt8], isLast: Bool = false) -> [UInt8] {
        var packed: [UInt8] = []
        // deflate reads only `avail_in` bytes of the source and writes only `avail_out` into the
        // target; both buffers outlive the calls, and the source is never written to.
        let stream = unsafe self.stream
        unsafe piece.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(
                mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            var isFull = true
            while isFull {
                // As above: one block of output at a time.
                packed += unsafe [UInt8](unsafeUninitializedCapacity: Self.blockBytes) {
                    target, count in
                    unsafe stream.pointee.next_out = target.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(target.count)
                    // As above.
                    _ = unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    count = unsafe target.count - Int(stream.pointee.avail_out)
                    isFull = count == Self.blockBytes
                }
            }
        }
        return packed
    }
}
