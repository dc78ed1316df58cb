internal import FoundationEssentials
internal import OgiveCore

extension Lease: WireConvertible {
    init(wire: Ogive_V1_Lease) throws(WireError) {
        try WireCheck.present(wire.hasName, "lease.name")
        try WireCheck.present(wire.hasPrompt, "lease.prompt")
        let items = try WireCheck.list(wire.items, "lease.items", max: WireLimits.items)
        // Each seed is base + index: within this bound no sum overflows.
        guard wire.seedBase <= DrawSeed.baseMax else {
            throw WireError(.invalidValue, "lease.seed_base is \(wire.seedBase)")
        }
        self.init(
            name: try LeaseName(wire: wire.name), run: RunID(wire.run),
            prompt: try Prompt(wire: wire.prompt), seedBase: wire.seedBase,
            items: try items.map(WorkItem.init(wire:)),
            duration: try WireCheck.duration(
                wire.durationNanoseconds, "lease.duration_nanoseconds", least: 1),
            proof: try WireCheck.proof(wire.proof, "lease.proof"))
    }

    var wire: Ogive_V1_Lease {
        var wire = Ogive_V1_Lease()
        wire.name = name.wire
        wire.run = run.rawValue
        wire.prompt = prompt.wire
        wire.seedBase = seedBase
        wire.items = items.map(\.wire)
        wire.durationNanoseconds = duration.wireNanoseconds
        wire.proof = Data(proof.bytes)
        return wire
    }
}

extension WorkItem: WireConvertible {
    init(wire: Ogive_V1_WorkItem) throws(WireError) {
        self.init(name: try ItemName(wireKind: wire.kind, index: wire.index))
        if wire.hasText {
            text = try WireCheck.text(wire.text, "work_item.text", max: WireLimits.textBytes)
        }
    }

    var wire: Ogive_V1_WorkItem {
        var wire = Ogive_V1_WorkItem()
        wire.kind = name.wireKind
        wire.index = name.wireIndex
        if let text { wire.text = text }
        return wire
    }
}

extension Prompt: WireConvertible {
    init(wire: Ogive_V1_Prompt) throws(WireError) {
        let content: PromptContent
        switch wire.content {
        case .chat(let chat):
            let turns = try WireCheck.list(chat.turns, "chat.turns", max: WireLimits.turns)
            content = .chat(
                try turns.map(ChatMessage.init(wire:)),
                tools: try Self.given(
                    chat.toolsJson, "chat.tools_json", max: WireLimits.textBytes))
        case .text(let text):
            content = .text(
                try WireCheck.text(text, "prompt.text", max: WireLimits.textBytes))
        case nil:
            throw WireError(.missingField, "prompt.content is missing")
        }
        self.init(
            id: PromptID(wire.id),
            key: try WireCheck.text(wire.key, "prompt.key", max: WireLimits.keyBytes),
            content: content,
            metadata: try WireCheck.text(
                wire.metadataJson, "prompt.metadata_json", max: WireLimits.textBytes))
    }

    var wire: Ogive_V1_Prompt {
        var wire = Ogive_V1_Prompt()
        wire.id = id.rawValue
        wire.key = key
        switch content {
        case .chat(let messages, let tools):
            var chat = Ogive_V1_Chat()
            chat.turns = messages.map(\.wire)
            chat.toolsJson = tools ?? ""
            wire.content = .chat(chat)
        case .text(let text):
            wire.content = .text(text)
        }
        wire.metadataJson = metadata
        return wire
    }

    /// A text; `nil` for an empty one.
    fileprivate static func given(
        _ text: String, _ field: String, max: Int
    ) throws(WireError) -> String? {
        text.isEmpty ? nil : try WireCheck.text(text, field, max: max)
    }
}

extension ChatMessage: WireConvertible {
    init(wire: Ogive_V1_Turn) throws(WireError) {
        self.init(
            role: try WireCheck.text(wire.role, "turn.role", max: WireLimits.nameBytes),
            content: try WireCheck.text(wire.content, "turn.content", max: WireLimits.textBytes))
        name = try Prompt.given(wire.name, "turn.name", max: WireLimits.nameBytes)
        reasoning = try Prompt.given(
            wire.reasoningContent, "turn.reasoning_content", max: WireLimits.textBytes)
        toolCallID = try Prompt.given(
            wire.toolCallID, "turn.tool_call_id", max: WireLimits.nameBytes)
        toolCalls = try Prompt.given(
            wire.toolCallsJson, "turn.tool_calls_json", max: WireLimits.textBytes)
    }

    var wire: Ogive_V1_Turn {
        var wire = Ogive_V1_Turn()
        wire.role = role
        wire.content = content
        wire.name = name ?? ""
        wire.reasoningContent = reasoning ?? ""
        wire.toolCallID = toolCallID ?? ""
        wire.toolCallsJson = toolCalls ?? ""
        return wire
    }
}
