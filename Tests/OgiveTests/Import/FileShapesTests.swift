import Foundation
import OgiveCore
import Testing

@testable import ogive

/// Files as people have them, and what a row or the whole file comes to.
@Suite(.timeLimit(.minutes(10)))
struct FileShapesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func outcome(
        _ text: String, _ change: (inout ImportRules) -> Void = { _ in }
    ) throws -> String {
        var rules = ImportRules()
        change(&rules)
        return ImportOutcomeText.read(try folder.write(text.utf8), rules)
    }

    private func outcome(_ text: String, fields: String) throws -> String {
        let configuration = try Configuration.parse(
            "prompts: {set: s, fields: \(fields)}", source: "c.yaml", folder: "/",
            environment: [:])
        return try outcome(text) { $0 = ImportRules(configuration.prompts) }
    }

    /// Shapes that are read as they are.
    private static let read: [(String, String)] = [
        (#"[{"prompt":"a"},{"prompt":"b"}]"#, "1 \"a\" key"),
        ("[\n {\n\"prompt\": \"a ] } \\\" x\"\n},\n\n{\"prompt\":\"b\"}\n]\n", "6 \"b\""),
        ("{\n\"prompt\": \"a\"\n}\n\n{\n\"prompt\": \"b\"\n}", "5 \"b\""),
        ("{\"prompt\":\"a\"},\n{\"prompt\":\"b\"},\n", "2 \"b\""),
        (
            #"{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}"#,
            "answer=a note: the assistant's turn"
        ),
        (
            #"{"conversations":[{"from":"human","value":"q"}],"chosen":{"from":"gpt","value":"a"},"#
                + #""rejected":{"from":"gpt","value":"b"}}"#,
            "chosen=a rejected=b"
        ),
        (#"{"prompt":"p","completion":"c"}"#, "completion=c"),
        (
            #"{"prompt":[{"role":"user","content":"p"}],"completion":[{"role":"assistant","#
                + #""content":"c"}],"label":false}"#,
            "undesirable=c"
        ),
        (
            #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"So","#
                + #""prefix":true}]}"#,
            "assistant:So key"
        ),
        (
            #"{"prompt":"p","tools":"[{\"b\":1,\"a\":2}]"}"#,
            #"1 user:p tools [{"b":1,"a":2}]"#
        ),
        (
            #"{"messages":[{"role":"assistant","content":"","tool_calls":[{"function":{"#
                + #""name":"f","arguments":{"b":1,"a":2.50}}}]},{"role":"user","content":"u","#
                + #""name":"Ann"}]}"#,
            #"[{"function":{"name":"f","arguments":"{\"b\":1,\"a\":2.50}"}}] user:u name Ann"#
        ),
        (
            #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a","#
                + #""reasoning_content":"r"},{"role":"user","content":"v","weight":1}]}"#,
            "reasoning_content r user:v key"
        ),
        (#"{"prompt":"p","system_prompt":"s"}"#, "system:s user:p"),
        (#"{"prompt":"p","system":"","tools":[],"images":[]}"#, "1 \"p\""),
        (#"{"prompt":"p","e\u0301":1,"é":2}"#, "1 \"p\""),
    ]

    @Test(arguments: read)
    func isRead(text: String, says: String) throws {
        let outcome = try outcome(text)
        #expect(outcome.contains(says), "\(outcome)")
        #expect(!outcome.contains(" bad:") && !outcome.contains("error:"), "\(outcome)")
    }

    /// Rows and files that are refused, with the words that help.
    private static let refused: [(String, String)] = [
        (
            #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}"#,
            "last_assistant: candidate"
        ),
        (#"{"prompt":"p","images":["a"]}"#, "prompts: {metadata: [images]}"),
        (#"{"prompt":"p","functions":[{}]}"#, "write them as `tools`"),
        (#"{"prompt":"p","tools":"a hammer"}"#, "prompts: {metadata: [tools]}"),
        (
            #"{"conversations":[{"from":"human","value":"q"},{"from":"observation","value":"a"}]}"#,
            "`observation`"
        ),
        (
            #"{"system":"a","messages":[{"role":"system","content":"b"},"#
                + #"{"role":"user","content":"c"}]}"#,
            "another system message"
        ),
        ("[{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}]", "error: /rows.jsonl: line 2: `{` where"),
        ("[{\"prompt\":\"a\"},]", "`]` where a value was expected"),
        ("[{\"prompt\":\"a\"}", "cut off"), ("[{\"prompt\":\"a\"}] []", "after the end"),
        ("{\n\"prompt\":\"a\"\n", "cut off"), ("[1]", "1 bad: the row is a number"),
        ("id\tprompt\n1\thello\n", #"read_csv(FILE, sep="\t")"#),
        ("id,prompt\n1,hello\n", "comma-separated"), ("PAR1xxxx", "pandas.read_parquet"),
        ("<!DOCTYPE html>\n<p>404", "HTML"), ("{\"prompt\": None}", "None is not JSON"),
        ("version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        (#"{"version":1,"data":[{"prompt":"a"}]}"#, "jq -c '.[\"data\"][]'"),
        ("BZh91AY&SY", "bzcat"), ("PK\u{3}\u{4}", "zip"), ("SQLite format 3\0", "SQLite"),
        ("{\0\"\0p\0", "iconv -f UTF-16LE"), ("{'prompt': 'a'}", "a key in quotes"),
    ]

    @Test(arguments: refused)
    func isRefused(text: String, says: String) throws {
        let outcome = try outcome(text).replacing(folder.url.path(), with: "")
        #expect(outcome.contains(says), "\(outcome)")
        #expect(outcome.contains("bad:") || outcome.contains("error:"), "\(outcome)")
    }

    /// What a field map makes of shapes that are not recognised.
    private static let mapped: [(String, String, String)] = [
        (
            #"{"instruction":"Translate.","input":"house","output":"Haus"}"#,
            "{prompt: [instruction, input], candidates: {output: output}}",
            #"1 "Translate.\n\nhouse" key"#
        ),
        (
            #"{"instruction":"Name.","input":"","output":"Oak"}"#,
            "{prompt: [instruction, input], candidates: {output: output}}", "1 \"Name.\""
        ),
        (
            #"{"instruction":"i","completions":[{"response":"Oak","model":"m","#
                + #""overall_score":8.0}]}"#,
            "{prompt: instruction, completions: completions, completion_text: response, "
                + "completion_label: model, completion_reward: overall_score}",
            "m=Oak"
        ),
        (
            #"{"prompt":"i","answers":[{"answer":"Oak","rank":1.0},{"answer":"Car","rank":2.0}]}"#,
            "{prompt: prompt, completions: answers, completion_text: answer}", "0=Oak 1=Car"
        ),
        (
            #"{"q":"i","responses":["a","b"]}"#,
            "{prompt: q, candidates: {chosen: responses.0, rejected: responses.1}}",
            "chosen=a rejected=b"
        ),
        (
            #"{"q":"i","out":[{"t":"a"},{"t":"b"}]}"#,
            "{prompt: q, candidates: {model: out.*.t}}", "model=a model_2=b"
        ),
        (
            #"{"x":[{"from":"human","value":"q"}],"sys":"s","fns":[{"n":1}]}"#,
            "{messages: x, system: sys, tools: fns}", #"system:s user:q tools [{"n":1}]"#
        ),
    ]

    @Test(arguments: mapped)
    func fieldMapReads(text: String, fields: String, says: String) throws {
        let outcome = try outcome(text, fields: fields)
        #expect(outcome.contains(says), "\(outcome)")
    }

    @Test func lastTurnIsWhatTheUserSays() throws {
        let text =
            #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}"#
        let candidate = try outcome(text) { $0.lastAssistant = .candidate }
        #expect(candidate.hasPrefix("1 user:u key") && candidate.contains("answer=a note:"))
        let open = try outcome(text) { $0.lastAssistant = .continue }
        #expect(open.hasPrefix("1 user:u assistant:a key"))
    }

    @Test func fieldsMayBeMadeMetadata() throws {
        let outcome = try outcome(#"{"prompt":"p","images":["a"],"system":"s"}"#) {
            $0.metadata = ["images", "system"]
        }
        #expect(outcome.hasPrefix("1 \"p\""))
    }

    @Test func limitEndsTheFile() throws {
        let text = "{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}\n{\"prompt\":\"c\"}\n"
        #expect(try outcome(text) { $0.limit = 2 }.split(separator: "\n").count == 2)
    }

    /// One sentence for one mistake, however many rows have it.
    @Test func mistakeOfAllRowsIsReportedOnce() throws {
        var reader = try ImportReader(
            path: folder.write(
                String(repeating: "{\"text\":\"a\"}\n", count: 500).utf8))
        var report = BadRowReport()
        while case .bad(let row, _)? = try reader.next() { report.add(row) }
        #expect(report.count == 500)
        #expect(report.lines.count == 2)
        #expect(report.lines[0].hasSuffix("(and 499 more like it)"))
    }

    /// Blocks of any size give the same rows.
    @Test(arguments: [1, 2, 3, 7, 64])
    func valuesAreCutOutWhateverTheBlocksAre(size: Int) throws {
        let text = Array(
            #" [ {"a":"]}\"\\"}, [1,{"b":[]}] ,"x,]",12.5,null,{"c":{"d":"\u00e9"}} ] "#.utf8)
        var splitter = ValueSplitter(list: true, bytesMax: 1024)
        var rows: [String] = []
        for start in stride(from: 0, to: text.count, by: size) {
            splitter.feed(Array(text[start..<min(start + size, text.count)]))
            while let row = try splitter.next() {
                rows.append(String(decoding: row.bytes, as: UTF8.self))
            }
        }
        #expect(try splitter.last() == nil)
        #expect(
            rows == [
                #"{"a":"]}\"\\"}"#, #"[1,{"b":[]}]"#, #""x,]""#, "12.5", "null",
                #"{"c":{"d":"\u00e9"}}"#,
            ])
    }

    @Test func longElementOfAListIsABadRowAmongGoodOnes() throws {
        let long = String(repeating: "x", count: 300_000)
        let outcome = try outcome(#"[{"prompt":"a"},{"prompt":"\#(long)"},{"prompt":"b"}]"#) {
            $0.lineBytesMax = 5000
        }
        let lines = outcome.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].contains("more than 5000B"), "\(lines[1])")
        #expect(lines[2].contains("\"b\""))
    }

    /// 40 000 times one row, as `zstd -19` packs it.
    private static let packed = Array(
        Data(
            base64Encoded:
                "KLUv/QRoxAEAEkMLErC5AcRZwnXuNEwoJ4WkPT0ACKCdaq6PPAL5yryx9FMNOZ7s16bjhWtGm/hYAQDB"
                + "/E9zBQVEAAAAAQD9/zRXQEQAAAABAP3/OQACRAAAAAEA/f85AAJEAAAAAQD9/zkAAkQAAAABAP3/OQAC"
                + "RAAAAAEA/f85AAJEAAAAAQD9/zkAAkQAAAABAP3/OQACRAAAAAEA/f85AAJEAAAAAQD9/zkAAkQAAAAB"
                + "AP3/OQACRAAAAAEA/f85AAJEAAAAAQD9/zkAAkUAAAABAD3oOQACh0fMgw==") ?? Data())

    @Test func zstdOfSeveralFramesReadsLikePlainTextAndDamageIsAnError() throws {
        let skipped: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]
        let path = try folder.write(skipped + Self.packed + Self.packed, "rows.zst")
        var reader = try ImportReader(path: path)
        let rows = try reader.next(limit: .max)
        #expect(rows.count == 80_000)
        #expect(
            rows.allSatisfy {
                if case .prompt(_, let prompt, _) = $0 {
                    prompt.content == .text("a row of a file that is packed well")
                } else {
                    false
                }
            })
        for (bytes, words) in [
            (Array(Self.packed.dropLast(3)), "cut off"),
            (Self.packed + [1, 2, 3, 4, 5], "damaged"),
        ] {
            let outcome = ImportOutcomeText.read(try folder.write(bytes, "bad.zst"))
            #expect(outcome.contains("error") && outcome.contains(words), "\(outcome.suffix(200))")
        }
    }

    @Test func badRowsAreNotWrittenThroughALink() throws {
        let target = try folder.write("precious".utf8, "target")
        let path = folder.url.appending(path: "f.jsonl.bad.jsonl").path()
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: target)
        #expect {
            var file = BadRowFile(path: path)
            try file.add(
                BadRow(file: "f", line: 1, reason: .notJSON, detail: "d"), raw: [])
            try file.flush()
        } throws: { "\($0)".contains("symbolic link") }
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
    }

    @Test func keysDifferByBytesAndAreAsLongAsTheStoreTakes() throws {
        let fields = try #require(JSONParser.parse(Array(#"{"é":1,"e\u0301":2}"#.utf8)).fields)
        #expect(fields["\u{e9}"] == .number("1") && fields["e\u{301}"] == .number("2"))
        let key = String(repeating: "k", count: ImportedPrompt.keyBytesMax)
        #expect(try outcome(#"{"key":"\#(key)","prompt":"p"}"#).contains("key \(key)"))
        #expect(try outcome(#"{"key":"\#(key)k","prompt":"p"}"#).contains("1 to 1000 bytes"))
    }
}
