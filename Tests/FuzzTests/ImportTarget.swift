import Foundation
import OgiveCore
import Synchronization

@testable import fuzz
@testable import ogive

extension FuzzTarget {
    /// Imported files: JSON Lines of all shapes, plain and packed.
    ///
    /// It is beside the tests because the program `ogive` cannot be imported by another program.
    static let imports = FuzzTarget(
        name: "import", mutator: Mutator(grammar: .json, samples: ImportSamples.lines),
        check: checkImport)

    /// The same, packed: what is damaged are the packed bytes.
    static let packedImports = FuzzTarget(
        name: "import-gzip", mutator: Mutator(grammar: .bytes, samples: ImportSamples.packed),
        check: checkImport)

    /// Files of others with completions that are adopted.
    static let adoptions = FuzzTarget(
        name: "adopt", mutator: Mutator(grammar: .json, samples: ImportSamples.adopted)
    ) { bytes throws(Broken) in
        try checkImport(bytes, adoption: AdoptionShape())
    }

    private static func checkImport(_ bytes: [UInt8]) throws(Broken) -> Verdict {
        try checkImport(bytes, adoption: nil)
    }

    private static func checkImport(
        _ bytes: [UInt8], adoption: AdoptionShape?
    ) throws(Broken) -> Verdict {
        let rows: [ImportedRow]
        do throws(CommandError) {
            rows = try readImport(bytes, adoption)
        } catch {
            return try refused(error.message)
        }
        var verdict = Verdict.refused
        for row in rows {
            switch row {
            case .bad(let bad, let raw):
                _ = try refused(bad.detail)
                guard raw.count <= RowReader.rawBytesMax else { throw Broken("\(raw.count)") }
            case .prompt(_, let prompt, _):
                verdict = .taken
                try checkPrompt(prompt)
                for completion in prompt.adopted { try checkCompletion(completion) }
            }
        }
        return verdict
    }

    /// A prompt that is taken can be stored, and its metadata reads again as what it was.
    private static func checkPrompt(_ prompt: ImportedPrompt) throws(Broken) {
        guard let key = prompt.key, (1...PromptLimits.keyBytes).contains(key.utf8.count) else {
            throw Broken("the key \(prompt.key ?? "nil")")
        }
        let labels = prompt.candidates.map(\.label)
        guard Set(labels.map(ExactText.init)).count == labels.count else {
            throw Broken("equal labels: \(labels)")
        }
        for metadata in [prompt.metadata] + prompt.candidates.map(\.metadata) {
            guard let value = try? JSONParser.parse(Array(metadata.utf8)), value.json == metadata
            else { throw Broken("the metadata does not read again: \(metadata.prefix(200))") }
        }
        let texts = [key, prompt.metadata] + labels + prompt.candidates.map(\.text)
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw Broken("U+0000, which PostgreSQL cannot store")
        }
    }

    /// A completion is a text or an error, and only a text has a reward.
    private static func checkCompletion(_ completion: AdoptedCompletion) throws(Broken) {
        guard (completion.text == nil) != (completion.error == nil),
            completion.text != nil || completion.reward == nil
        else { throw Broken("\(completion)") }
        guard completion.reward.map({ !$0.isNaN }) ?? true, completion.tokenCount ?? 0 >= 0 else {
            throw Broken("a number that cannot be: \(completion)")
        }
        let texts = [completion.text, completion.error].compactMap(\.self)
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw Broken("U+0000, which PostgreSQL cannot store")
        }
    }

    private static func readImport(
        _ bytes: [UInt8], _ adoption: AdoptionShape?
    ) throws(CommandError) -> [ImportedRow] {
        let path = ImportSamples.file.withLock { file in
            // The file lives in memory and is written anew for each input.
            try? file?.truncate(atOffset: 0)
            try? file?.seek(toOffset: 0)
            try? file?.write(contentsOf: Data(bytes))
            return "/proc/self/fd/\(file?.fileDescriptor ?? -1)"
        }
        var rules = ImportRules()
        rules.lineBytesMax = 16_384
        rules.lastAssistant = .candidate
        rules.adoption = adoption
        var reader = try ImportReader(path: path, rules: rules)
        return try reader.next(limit: .max)
    }
}
