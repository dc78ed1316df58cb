internal import OgiveCore
internal import SwiftProtobuf

/// The columns of a result's items in the making: each item is looked at once.
struct WrittenColumns {
    /// Bytes of all texts.
    private(set) var textCount = 0
    private var has: [UInt32] = []
    private var textBytes: [UInt32] = []
    private var finishReasons: [UInt32] = []
    private var tokenCounts: [UInt32] = []
    private var logProbabilities: [UInt64] = []
    private var promptTokenCounts: [UInt32] = []
    private var tokenIDCounts: [UInt32] = []
    private var tokenIDs: [UInt32] = []
    private var tokenValueCounts: [UInt32] = []
    private var tokenValues: [Float] = []
    private var seeds: [UInt64] = []
    private var sampleNanoseconds: [UInt64] = []
    private var rewards: [UInt64] = []
    private var partCounts: [UInt32] = []
    private var parts: [UInt64] = []
    private var failures: [[UInt8]] = []
    private var given: [[UInt8]] = []
    private var scorerInputs: [UInt32] = []
    private var scorerOutputs: [UInt32] = []
    private var policyInputs: [UInt32] = []
    private var policyOutputs: [UInt32] = []

    /// Begins with room for the usual columns of so many items.
    init(_ count: Int) {
        if count < 2 { return }
        has.reserveCapacity(count)
        textBytes.reserveCapacity(count)
        finishReasons.reserveCapacity(count)
        tokenCounts.reserveCapacity(count)
        logProbabilities.reserveCapacity(count)
        seeds.reserveCapacity(count)
        sampleNanoseconds.reserveCapacity(count)
        rewards.reserveCapacity(count)
    }

    /// Adds the entries of an item, but for its text and name. It is one that `WireCheck` passed.
    mutating func add(_ item: borrowing ItemResult) throws(WireError) {
        var flags: ResultFlags = []
        if item.completion != nil { addCompletion(of: item, &flags) }
        if let seed = item.seed {
            flags.insert(.seed)
            seeds.append(seed)
        }
        if let duration = item.sampleDuration {
            flags.insert(.sampleNanoseconds)
            sampleNanoseconds.append(UInt64(bitPattern: duration.wireNanoseconds))
        }
        if let reward = item.reward {
            flags.insert(.reward)
            rewards.append(reward.bitPattern)
        }
        if !item.parts.isEmpty {
            flags.insert(.parts)
            partCounts.append(UInt32(wireCount: item.parts.count))
            for part in item.parts { parts.append(part.bitPattern) }
        }
        if let failure = item.failure {
            flags.insert(.failure)
            failures.append(try Self.encoded(failure.wire))
        }
        if let value = item.logProbability {
            flags.insert(.givenLogProbability)
            given.append(try Self.encoded(value.wire))
        }
        if let spent = item.scorerTokens {
            flags.insert(.scorerTokens)
            scorerInputs.append(UInt32(wireCount: spent.input))
            scorerOutputs.append(UInt32(wireCount: spent.output))
        }
        if let spent = item.policyTokens {
            flags.insert(.policyTokens)
            policyInputs.append(UInt32(wireCount: spent.input))
            policyOutputs.append(UInt32(wireCount: spent.output))
        }
        has.append(flags.rawValue)
    }

    private mutating func addCompletion(
        of item: borrowing ItemResult, _ flags: inout ResultFlags
    ) {
        guard let completion = item.completion else { return }
        flags.insert(.completion)
        let count = completion.content.byteCount
        textCount += count
        textBytes.append(UInt32(wireCount: count))
        switch completion.finishReason {
        case .stop: finishReasons.append(1)
        case .length: finishReasons.append(2)
        case .other: finishReasons.append(3)
        }
        if let count = completion.tokenCount {
            flags.insert(.tokenCount)
            tokenCounts.append(UInt32(wireCount: count))
        }
        if let sum = completion.logProbability {
            flags.insert(.logProbability)
            logProbabilities.append(sum.bitPattern)
        }
        if let count = completion.promptTokenCount {
            flags.insert(.promptTokenCount)
            promptTokenCounts.append(UInt32(wireCount: count))
        }
        if let ids = completion.tokenIDs, !ids.isEmpty {
            flags.insert(.tokenIDs)
            tokenIDCounts.append(UInt32(wireCount: ids.count))
            for id in ids { tokenIDs.append(UInt32(bitPattern: id)) }
        }
        if let values = completion.tokenLogProbabilities, !values.isEmpty {
            flags.insert(.tokenLogProbabilities)
            tokenValueCounts.append(UInt32(wireCount: values.count))
            for value in values { tokenValues.append(Float(value)) }
        }
    }

    private static func encoded(_ message: some SwiftProtobuf.Message) throws(WireError) -> [UInt8]
    {
        do {
            return try message.serializedBytes()
        } catch {
            throw WireError(.tooLarge, "the message cannot be encoded", cause: error)
        }
    }

    /// Writes the message `ItemResults` of these items, which were added.
    func write(_ items: [ItemResult], to writer: inout FieldWriter) {
        writer.names(1, count: items.count) { items[$0].name }
        writer.column(2, has)
        writer.texts(3, textCount) { bytes in
            for index in items.indices { items[index].completion?.content.append(to: &bytes) }
        }
        writer.column(4, textBytes)
        writer.column(5, finishReasons)
        writer.column(6, tokenCounts)
        writer.column(7, logProbabilities)
        writer.column(8, promptTokenCounts)
        writer.column(9, tokenIDCounts)
        writer.column(10, tokenIDs)
        writer.column(11, tokenValueCounts)
        writer.column(12, floats: tokenValues)
        writer.column(13, seeds)
        writer.column(14, sampleNanoseconds)
        writer.column(15, rewards)
        writer.column(16, partCounts)
        writer.column(17, parts)
        for failure in failures { writer.message(18, failure) }
        for value in given { writer.message(19, value) }
        writer.column(20, scorerInputs)
        writer.column(21, scorerOutputs)
        writer.column(22, policyInputs)
        writer.column(23, policyOutputs)
    }
}
