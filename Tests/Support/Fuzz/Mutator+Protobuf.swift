import OgiveModels

extension Mutator {
    private static let edges: [UInt64] = [
        0, 1, 2, 127, 128, 16_383, 16_384, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        1 << 53, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
    ]
    private static let doubles: [Double] = [
        .nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1,
    ]

    /// Changes one field, at any depth, and encodes the message with lengths that fit.
    func mutateMessage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard var fields = ProtobufField.parse(bytes[...]), !fields.isEmpty else { return }
        change(&fields, &random, depth: 0)
        bytes.removeAll(keepingCapacity: true)
        for field in fields { field.encode(to: &bytes) }
    }

    private func change(_ fields: inout [ProtobufField], _ random: inout SplitMix64, depth: Int) {
        // The first fields of an envelope are its magic and version.
        let spared = depth == 0 && fields.count > 2 && random.next() % 20 != 0 ? 2 : 0
        guard fields.count > spared else { return }
        let at = Int.random(in: spared..<fields.count, using: &random)
        if case .message(var inner) = fields[at].value, random.next() % 4 != 0, !inner.isEmpty {
            change(&inner, &random, depth: depth + 1)
            fields[at].value = .message(inner)
            return
        }
        switch Int.random(in: 0..<7, using: &random) {
        case 0: fields.insert(fields[at], at: at)
        case 1: fields.remove(at: at)
        case 2: fields.swapAt(at, Int.random(in: spared..<fields.count, using: &random))
        case 3: fields[at].number = UInt64.random(in: 1...40, using: &random)
        case 4:
            let count = Int.random(in: 2...200, using: &random)
            fields.insert(contentsOf: repeatElement(fields[at], count: count), at: at)
        case 5: cross(&fields, at, &random)
        default: fields[at].value = strange(fields[at].value, &random)
        }
    }

    /// Puts a field of another sample in the place of one.
    private func cross(
        _ fields: inout [ProtobufField], _ at: Int, _ random: inout SplitMix64
    ) {
        guard var others = ProtobufField.parse(pick(&random)[...]) else { return }
        while let other = others.randomElement(using: &random) {
            fields[at] = other
            guard case .message(let inner) = other.value, Bool.random(using: &random) else {
                return
            }
            others = inner
        }
    }

    private func strange(
        _ value: ProtobufField.Value, _ random: inout SplitMix64
    ) -> ProtobufField.Value {
        switch value {
        case .varint: return .varint(Self.edges.randomElement(using: &random) ?? 0)
        case .fixed(let bytes) where bytes.count == 8:
            let bits = (Self.doubles.randomElement(using: &random) ?? 0).bitPattern
            return .fixed((0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
        case .fixed(let bytes):
            return .fixed(bytes.map { _ in UInt8.random(in: 0...255, using: &random) })
        case .message(let fields):
            // A message within itself, deeper than any decoder should go.
            var nested = fields
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                nested = [ProtobufField(number: 1, value: .message(nested))]
            }
            return .message(nested)
        case .bytes(var bytes):
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes = []
            case 1: bytes = [0xFF, 0xFE, 0xC3, 0x28]
            case 2:
                let count = Int.random(in: 1...5_000, using: &random)
                bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
            default: bytes.append(contentsOf: [0, 0xE2, 0x80, 0xAE])
            }
            return .bytes(bytes)
        }
    }
}
