import Foundation
import OgiveCore
import Testing

@testable import ogive

/// Fields that change what a row means are read, noted or refused, never passed over.
@Suite(.timeLimit(.minutes(10)))
struct MeaningTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func outcome(_ bytes: some Sequence<UInt8>, fields: String? = nil) throws -> String {
        var rules = ImportRules()
        if let fields {
            let configuration = try Configuration.parse(
                "prompts: {set: s, fields: \(fields)}", source: "c.yaml", folder: "/",
                environment: [:])
            rules = ImportRules(configuration.prompts)
        }
        return ImportOutcomeText.read(try folder.write(bytes), rules)
    }

    private static let chat = #"[{\"role\": \"user\", \"content\": \"Hi\"}]"#
    private static let answer = #"[{\"role\": \"assistant\", \"content\": \"Yes\"}]"#

    /// Rows that are refused, with the way out.
    private static let refused: [(String, String)] = [
        (#"{"prompt":"p","chosen":"a","rejcted":"b"}"#, "did you mean `rejected`?"),
        (#"{"prompt":"p","Chosen":"a","rejected":"b"}"#, "did you mean `chosen`?"),
        (#"{"prompt":"p","completion":"c","label":1}"#, "must be true or false"),
        (#"{"prompt":"p","completion":"c","label":0.0}"#, "prompts: {metadata: [label]}"),
        (#"{"prompt":"\#(chat)"}"#, "jq -c '.[\"prompt\"] |= fromjson'"),
        (#"{"prompt":"[{'role': 'user', 'content': 'Hi'}]"}"#, "json.dumps"),
        (#"{"prompt":"p","chosen":"\#(answer)","rejected":"b"}"#, "`chosen` is a chat"),
        (#"{"prompt":"p","completions":["\#(answer)"]}"#, "`completions[0]` is a chat"),
        (#"{"messages":"\#(chat)"}"#, "jq -c '.[\"messages\"] |= fromjson'"),
        (#"{"question":"q","choices":["a","b"],"answer":1}"#, "join(\"\\n\")"),
        (#"{"question":"q","A":"a","B":"b","C":"c","D":"d"}"#, "`A`"),
        (#"{"question":"q","options":{"A":"x"}}"#, "prompts: {metadata: [options]}"),
        (#"{"question":"q","context":"c","answers":{"text":[]}}"#, "prompt: [context, question]"),
        (
            #"{"instruction":"i","context":"c","response":"r","category":"x"}"#,
            "{fields: {prompt: [instruction, context], candidates: {response: response}}}"
        ),
        (
            #"{"chosen":"\n\nHuman: a\n\nAssistant: b","rejected":"\n\nHuman: a\n\nAssistant: c"}"#,
            "map_values([match("
        ),
        (
            #"{"custom_id":"1","method":"POST","url":"/v1","body":{"messages":[]}}"#,
            "{fields: {key: custom_id, messages: body.messages}}"
        ),
        (#"{"prompt":"p","system":["s"]}"#, "`system` must be a text"),
        (#"{"prompt":"p","system":{"a":1}}"#, "prompts: {metadata: [system]}"),
        (#"{"prompt":"p","system_prompt":5}"#, "`system_prompt` must be a text"),
        (
            #"{"input":{"messages":[]},"preferred_output":[1],"non_preferred_output":[2]}"#,
            "candidates: {chosen: preferred_output, rejected: non_preferred_output}"
        ),
        (#"{"train":[{"prompt":"a"}],"test":[{"prompt":"b"}]}"#, "in the list `train`"),
        ("{\"prompt\":\"a\"}\r{\"prompt\":\"b\"}\r", "tr '\\r' '\\n'"),
        (#"{"text":"a"}"#, "{fields: {prompt: text}}"),
        (#"{"query":"a","response":"b"}"#, "{prompt: query, candidates: {response: response}}"),
        (#"{"dialog":[{"role":"user","content":"a"}]}"#, "{fields: {messages: dialog}}"),
        (#"{"promt":"a"}"#, "`promt`: did you mean `prompt`?"),
        (#"{"Prompt":"a"}"#, "`Prompt`: did you mean `prompt`?"),
        ("{'prompt': 'a'}", "json.dumps"), ("{\"prompt\": 'a'}", "json.dumps"),
    ]

    @Test(arguments: refused)
    func isRefused(text: String, says: String) throws {
        let outcome = try outcome(text.utf8)
        #expect(outcome.contains(says), "\(outcome)")
        #expect(outcome.hasPrefix("1 bad:"), "\(outcome)")
    }

    /// Rows that are read, with a note.
    private static let noted: [(String, String)] = [
        (#"{"prompt":"p","chosen":"a","rejected":null}"#, "`chosen` without `rejected`"),
        (#"{"prompt":"p","rejected":"a"}"#, "`rejected` without `chosen`"),
        (#"{"prompt":"p","completion":"c","label":"math"}"#, "`label` is metadata"),
        (
            #"{"prompt":"p","winner":"a","loser":"b"}"#,
            "{prompt: prompt, candidates: {chosen: winner, rejected: loser}}"
        ),
        (
            #"{"question":"p","response_a":"a","response_b":"b"}"#,
            "{prompt: question, candidates: {a: response_a, b: response_b}}"
        ),
        (#"{"prompt":"p","completions":["a","b"],"rewards":[1,2]}"#, "`rewards` is metadata"),
        (#"{"prompt":"p","completion":"a","reward":1}"#, "`reward` is metadata"),
        (#"{"prompt":"p","choices":["a","b"]}"#, "`choices` is metadata and not sent"),
        (#"{"prompt":"p","context":"a"}"#, "`context` is metadata and not sent"),
        (#"{"prompt":"p","history":["a"]}"#, "`history` is metadata and not sent"),
        (#"{"prompt":"p","system_message":"a"}"#, "`system_message` is metadata and not sent"),
        (#"{"prompt":"p","instructions":"a"}"#, "`instructions` is metadata and not sent"),
        (
            #"{"prompt":"p","chat_template_kwargs":{"a":1}}"#,
            "`chat_template_kwargs` is metadata and not sent"
        ),
        (#"{"prompt":"p","completions":["a","b"],"labels":[true,false]}"#, "no step of one"),
        (#"{"prompt":"p","chosen":"a","rejected":"a"}"#, "are the same text"),
        (
            #"{"prompt":"p","preferred_output":"a","non_preferred_output":"b"}"#,
            "candidates: {chosen: preferred_output, rejected: non_preferred_output}"
        ),
        (#"{"prompt":"p","sytem":"a"}"#, "did you mean `system`?"),
        (#"{"prompt":"p","Completion":"a"}"#, "did you mean `completion`?"),
    ]

    @Test(arguments: noted)
    func isNoted(text: String, says: String) throws {
        let outcome = try outcome(text.utf8)
        #expect(outcome.contains("note: "), "\(outcome)")
        #expect(outcome.contains(says), "\(outcome)")
        #expect(!outcome.contains(" bad:"), "\(outcome)")
    }

    /// What a field map does not name, and would mean something without it.
    private static let mapped: [(String, String, String)] = [
        (#"{"instruction":"i","context":"c"}"#, "{prompt: instruction}", "`context` is metadata"),
        (
            #"{"prompt":"i","chosen":"c","rejected":"r","answers":["a"]}"#,
            "{prompt: prompt, completions: answers}", "`rejected` is metadata"
        ),
        (#"{"q":"i","history":["c"]}"#, "{prompt: q}", "`history` is metadata"),
        (
            #"{"q":"i","preferred_output":"c"}"#, "{prompt: q}",
            "`preferred_output` is metadata and no candidate"
        ),
        (#"{"q":"i","choices":["c"]}"#, "{prompt: q}", "`choices` is metadata"),
        (#"{"q":"\#(chat)"}"#, "{prompt: q}", "`q` is a chat written as JSON text"),
        (
            #"{"q":"i","a":"\#(answer)"}"#, "{prompt: q, candidates: {a: a}}",
            "`a` is a chat written as JSON text"
        ),
    ]

    @Test(arguments: mapped)
    func isNotedUnderAFieldMap(text: String, fields: String, says: String) throws {
        let outcome = try outcome(text.utf8, fields: fields)
        #expect(outcome.contains("note: ") && outcome.contains(says), "\(outcome)")
    }

    /// Rows that are read without a word.
    private static let silent: [(String, String)] = [
        (#"{"prompt":"p","completion":"c","label":"False"}"#, "undesirable=c"),
        (#"{"prompt":"p","completion":"c","label":"true"}"#, "desirable=c"),
        (#"{"prompt":"p","completion":"c","label":null}"#, "completion=c"),
        (#"{"prompt":"p","label":3,"score":2,"source":"s"}"#, "1 \"p\""),
        (#"{"prompt":"Write [{\"role\": \"user\"}] as YAML."}"#, "1 \"Write"),
        (#"{"prompt":"[{\"a\": 1}]"}"#, "1 \"[{"),
        (#"{"question":"q","answer":"a","context":"","choices":[]}"#, "user:q"),
        (#"{"prompt":"p","prompts":"x","labels":[1],"completion":"c"}"#, "completion=c"),
    ]

    @Test(arguments: silent)
    func isReadWithoutANote(text: String, says: String) throws {
        let outcome = try outcome(text.utf8)
        #expect(outcome.contains(says), "\(outcome)")
        #expect(!outcome.contains("note: ") && !outcome.contains(" bad:"), "\(outcome)")
    }

    @Test func aByteOrderMarkWithinAFileIsNamed() throws {
        let outcome = try outcome("{\"prompt\":\"a\"}\n\u{feff}{\"prompt\":\"b\"}\n".utf8)
        #expect(outcome.contains("a byte order mark stands within the file"), "\(outcome)")
    }

    @Test func latin1IsRefusedWithTheCommandThatConvertsIt() throws {
        let row = Array("{\"prompt\":\"caf".utf8) + [0xe9] + Array("\"}\n".utf8)
        let outcome = try outcome(row)
        #expect(outcome.contains("iconv -f WINDOWS-1252 -t UTF-8"), "\(outcome)")
    }
}
