internal import CZstd

// Safe to use: the pointer never leaves this value, which alone owns what it points to.
/// Unpacks zstd, frame after frame, block by block.
@safe struct ZstdInflater: ~Copyable {
    /// How many bytes tell whether data are packed.
    static let magicBytes = 4

    // ZSTD_DCtx is known to Swift by its address alone.
    private let context: OpaquePointer
    private var isWithinFrame = false
    private var input: [UInt8] = []
    private var offset = 0
    /// Whether the last piece filled its buffer, so that zstd may hold more.
    private var hasMore = false

    /// Whether data begin with a frame, or with one that is to be passed over.
    static func begins(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd])
            || (0x50...0x5f).contains(bytes.first ?? 0)
                && bytes.dropFirst().starts(with: [0x2a, 0x4d, 0x18])
    }

    /// Prepares for the first frame. A window of more than 128 MiB is refused, which bounds the
    /// memory.
    init() throws(UnpackingProblem) {
        // The context is owned by this value alone and freed in `deinit`.
        guard let context = unsafe ZSTD_createDCtx() else {
            throw UnpackingProblem(text: "zstd cannot start: no memory")
        }
        unsafe self.context = unsafe context
    }

    deinit {
        // Nobody else has the pointer.
        unsafe ZSTD_freeDCtx(context)
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
            let piece = try step()
            if !piece.isEmpty { return piece }
        }
        return nil
    }

    /// Says that the input ended. Throws when that is within a frame.
    func finish() throws(UnpackingProblem) {
        if isWithinFrame {
            throw UnpackingProblem(text: "the zstd data ends too early: it was cut off")
        }
    }

    private mutating func step() throws(UnpackingProblem) -> [UInt8] {
        var code = 0
        let (input, start) = (input, offset)
        var end = start
        // Sound: the context lives as long as this value, which alone uses it.
        let context = unsafe self.context
        // zstd reads up to `size` bytes of the source and writes up to `size` into the target; both
        // buffers outlive the call.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: ByteSource.blockBytes) {
            target, count in
            unsafe input.withUnsafeBytes { source in
                var from = unsafe ZSTD_inBuffer(
                    src: source.baseAddress, size: source.count, pos: start)
                var into = unsafe ZSTD_outBuffer(
                    dst: target.baseAddress, size: target.count, pos: 0)
                code = unsafe ZSTD_decompressStream(context, &into, &from)
                end = unsafe from.pos
                count = unsafe into.pos
            }
        }
        guard ZSTD_isError(code) == 0 else {
            // The name is a constant of the library.
            let name = unsafe ZSTD_getErrorName(code).map { unsafe String(cString: $0) }
            throw UnpackingProblem(
                text: "the zstd data is damaged, or something else follows it "
                    + "(\(name ?? "code \(code)"))")
        }
        offset = end
        isWithinFrame = code != 0
        hasMore = isWithinFrame && output.count == ByteSource.blockBytes
        return output
    }
}
