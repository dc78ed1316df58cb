import Foundation
import OgiveCore
import Testing

@testable import ogive

/// The files of `../shared/inputs`, as an import without configuration reads them.
@Suite(.timeLimit(.minutes(10)))
struct InputFilesTests {
    /// A file, and the words that its outcome must hold.
    struct Case: CustomTestStringConvertible, Sendable {
        var file: String
        var says: [String]
        var testDescription: String { file }
    }

    /// Where the files are; `nil` on a machine that has none.
    static let folder: String? = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../../shared/inputs").standardizedFileURL.path()
        if FileManager.default.fileExists(atPath: path) { return path }
        print("InputFilesTests are skipped: there is no folder \(path)")
        return nil
    }()

    static let cases = [
        Case(file: "01_sharegpt.jsonl", says: ["system:Be brief.", "assistant:Oak.", "user:Ano"]),
        Case(file: "02_sft_last_assistant.jsonl", says: ["last_assistant: candidate"]),
        Case(file: "03_tools_column.jsonl", says: [#"tools [{"type":"function","function":{"#]),
        Case(file: "04_tool_call_history.jsonl", says: ["tool_calls [{", "tool_call_id a1"]),
        Case(file: "05_parts.jsonl", says: ["First. Second.", "`image_url`", "`value`"]),
        Case(file: "06_images_column.jsonl", says: ["bad", "`images`"]),
        Case(
            file: "08_null_content.jsonl",
            says: ["1 bad", "2 system: user:Hello?", "3 user:Hi assistant: ", "4 bad", "5 bad"]),
        Case(file: "09_orca.jsonl", says: ["1 user:Name a metal.", "2 system:Be formal. user:"]),
        Case(file: "12_chosen_object.jsonl", says: ["chosen=Owl. rejected=Fork."]),
        Case(file: "13_bom_crlf.jsonl", says: ["1 \"One\"", "2 \"Two\\r\\nlines\""]),
        Case(file: "14_utf16.jsonl", says: ["error", "UTF-16"]),
        Case(file: "15_array_compact.json", says: ["1 \"One\"", "1 \"Two\""]),
        Case(file: "15_array_pretty.json", says: ["2 \"One\"", "5 \"Two\"", "8 \"Three\""]),
        Case(file: "16_pretty_objects.jsonl", says: ["1 \"One\"", "5 \"Two\""]),
        Case(file: "17_nan.jsonl", says: ["NaN", "-Infinity"]),
        Case(file: "18_dup_keys.jsonl", says: ["`prompt` occurs twice"]),
        Case(file: "20b_same_prompt_pairs.jsonl", says: ["chosen=good 1", "rejected=bad 2"]),
        Case(file: "21_big_ids.jsonl", says: ["key 9007199254740993", "3 bad", "key 007"]),
        Case(file: "22_nul.jsonl", says: ["1 bad", "U+0000"]),
        Case(file: "22_surrogate.jsonl", says: ["1 bad", "surrogate", "2 \"pair"]),
        Case(file: "23_unicode.jsonl", says: ["key nfd", "key two"]),
        Case(file: "27_alpaca.jsonl", says: ["bad", "prompt: [instruction, input]"]),
        Case(file: "29_kto.jsonl", says: ["desirable=good", "undesirable=bad"]),
        Case(file: "32_empty.jsonl", says: ["error", "no rows"]),
        Case(file: "32_cut.jsonl.gz", says: ["error", "cut off"]),
        Case(file: "32_cut_last_line.jsonl", says: ["1 \"One\"", "2 bad"]),
        Case(file: "32_no_newline.jsonl", says: ["1 \"One\"", "2 \"Two\""]),
        // The checksum of this file's data is wrong: the zstd tool refuses it too.
        Case(file: "33_zst.jsonl.zst", says: ["error", "zstd data is damaged"]),
        Case(file: "33_parquet.parquet", says: ["error", "Parquet", "to_json"]),
        Case(file: "34_roles.jsonl", says: ["`human`", "`User`"]),
        Case(file: "35_messages_chosen_lists.jsonl", says: ["fish.", "chosen=Trout."]),
        Case(file: "39_ultrafeedback_raw.jsonl", says: ["bad", "completion_text: response"]),
        Case(file: "41_nectar.jsonl", says: ["note", "completion_text: answer"]),
        Case(file: "42_comma_lines.json", says: ["1 \"One\"", "3 \"Three\""]),
        Case(file: "44_prompt_and_messages.jsonl", says: ["chosen=Yes", "note", "`messages`"]),
        Case(file: "48_system_field.jsonl", says: ["1 system:Be brief. user:Hi"]),
    ]

    @Test(.enabled(if: folder != nil), arguments: cases)
    func aRowMeansWhatItsAuthorMeantOrIsRefused(_ file: Case) throws {
        let folder = try #require(Self.folder)
        let outcome = ImportOutcomeText.read(folder + "/" + file.file)
        for words in file.says { #expect(outcome.contains(words), "\(outcome)") }
    }
}

/// What reading a file comes to, as text.
enum ImportOutcomeText {
    static func read(_ path: String, _ rules: ImportRules = ImportRules()) -> String {
        do {
            var reader = try ImportReader(path: path, rules: rules)
            return try reader.next(limit: .max).map(Self.line).joined(separator: "\n")
        } catch {
            return "error: \(error)"
        }
    }

    private static func line(_ row: ImportedRow) -> String {
        switch row {
        case .bad(let bad, _): "\(bad.line) bad: \(bad.detail)"
        case .prompt(let line, let prompt, let notes):
            ([content(prompt.content, line: line), "key \(prompt.key ?? "")"]
                + prompt.candidates.map { "\($0.label)=\($0.text)" }
                + notes.map { "note: \($0.text)" }).joined(separator: " ")
        }
    }

    private static func content(_ content: PromptContent, line: Int) -> String {
        switch content {
        case .text(let text): return "\(line) \(text.debugDescription)"
        case .chat(let messages, let tools):
            let turns = messages.map { message in
                let more = [
                    ("name", message.name), ("reasoning_content", message.reasoning),
                    ("tool_call_id", message.toolCallID), ("tool_calls", message.toolCalls),
                ].compactMap { field in field.1.map { " \(field.0) \($0)" } }
                return "\(message.role):\(message.content)\(more.joined())"
            }
            return "\(line) \(turns.joined(separator: " "))" + (tools.map { " tools \($0)" } ?? "")
        }
    }
}
