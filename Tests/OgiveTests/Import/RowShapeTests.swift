import OgiveCore
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct RowShapeTests {
    private func read(_ text: String, _ fields: FieldMap? = nil) throws -> ImportedPrompt {
        let row = try #require(JSONParser.parse(Array(text.utf8)).fields)
        var rules = ImportRules(fields: fields)
        rules.lastAssistant = .continue
        return try RowShape(rules: rules).read(row).prompt
    }

    private func problem(_ text: String, _ fields: FieldMap? = nil) throws -> RowProblem? {
        do {
            _ = try read(text, fields)
            return nil
        } catch let problem as RowProblem {
            return problem
        }
    }

    private func user(_ text: String) -> ChatMessage { ChatMessage(role: "user", content: text) }

    @Test func textPromptIsKeptByteForByteAndKeyedByItsHash() throws {
        let prompt = try read(#"{"prompt": "  Write:\n"}"#)
        #expect(prompt.content == .text("  Write:\n"))
        #expect(prompt.key == PromptContent.text("  Write:\n").digest.hex)
        #expect(prompt.metadata == "{}")
        #expect(prompt.candidates.isEmpty)
    }

    @Test func chatKeepsSystemTurnsAndPartialAnswer() throws {
        let prompt = try read(
            """
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
            {"role": "assistant", "content": "partial"}]}
            """)
        #expect(
            prompt.content
                == .chat([
                    ChatMessage(role: "system", content: "s"), user("u"),
                    ChatMessage(role: "assistant", content: "partial"),
                ]))
    }

    @Test func gsm8kQuestionBecomesAUserTurnAndTheAnswerMetadata() throws {
        let prompt = try read(##"{"question": "2+2?", "answer": "It is\n#### 4"}"##)
        #expect(prompt.content == .chat([user("2+2?")]))
        #expect(prompt.metadata == ##"{"answer":"It is\n#### 4"}"##)
    }

    @Test func preferenceRowOfTextsGivesCandidates() throws {
        let prompt = try read(
            #"{"prompt": "p", "chosen": "good", "rejected": "bad", "chosen_rewards": [1.50, 2]}"#)
        #expect(prompt.content == .text("p"))
        #expect(
            prompt.candidates == [
                ImportedCandidate(label: "chosen", text: "good"),
                ImportedCandidate(label: "rejected", text: "bad"),
            ])
        #expect(prompt.metadata == #"{"chosen_rewards":[1.50,2]}"#)
    }

    @Test func preferenceRowOfConversationsLosesTheSharedPrompt() throws {
        let row = """
            {"prompt": "p ", "prompt_id": "k1", "score_chosen": 8,
            "chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "good"}],
            "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "bad"}]}
            """
        for text in [row, row.replacing(#""prompt": "p ", "#, with: "")] {
            let prompt = try read(text)
            #expect(prompt.content == .chat([user("p")]))
            #expect(prompt.key == "k1")
            #expect(prompt.candidates.map(\.text) == ["good", "bad"])
            #expect(prompt.metadata == #"{"score_chosen":8}"#)
        }
    }

    @Test func equalConversationsKeepTheirAnswers() throws {
        let side = #"[{"role": "user", "content": "p"}, {"role": "assistant", "content": "same"}]"#
        let prompt = try read(#"{"chosen": \#(side), "rejected": \#(side)}"#)
        #expect(prompt.content == .chat([user("p")]))
        #expect(prompt.candidates.map(\.text) == ["same", "same"])
    }

    @Test func preferenceRowWithMessagePromptTakesAnswersAlone() throws {
        let prompt = try read(
            """
            {"prompt": [{"role": "user", "content": "p"}],
            "chosen": [{"role": "assistant", "content": "good"}],
            "rejected": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "bad"}]}
            """)
        #expect(prompt.content == .chat([user("p")]))
        #expect(prompt.candidates.map(\.text) == ["good", "bad"])
    }

    @Test func completionsBecomeLabelledCandidates() throws {
        let prompt = try read(
            """
            {"key": "k", "prompt": "p", "completions": ["a", {"text": "b", "label": "best"},
            {"completion": "c", "reward": 0.5}, {"text": "d", "label": "best"}]}
            """)
        #expect(
            prompt.candidates == [
                ImportedCandidate(label: "0", text: "a"),
                ImportedCandidate(label: "best", text: "b"),
                ImportedCandidate(label: "2", text: "c", metadata: #"{"reward":0.5}"#),
                ImportedCandidate(label: "best_2", text: "d"),
            ])
    }

    @Test func metadataKeepsNumbersExactlyAndSortsKeys() throws {
        let prompt = try read(
            """
            {"prompt": "p", "z": 18446744073709551615, "a": 0.1000000000000000055511151231257827,
            "m": {"y": -9223372036854775808, "b": 1E+2}, "n": null, "e": "ü\\u0007\\"\\\\"}
            """)
        #expect(
            prompt.metadata
                == #"{"a":0.1000000000000000055511151231257827,"e":"ü\u0007\"\\","#
                + #""m":{"b":1E+2,"y":-9223372036854775808},"n":null,"z":18446744073709551615}"#)
    }

    @Test(arguments: [
        (#"{"key": "a", "id": 1, "prompt": "p"}"#, "a"), (#"{"id": 17, "prompt": "p"}"#, "17"),
        (#"{"task_id": "HumanEval/0", "prompt": "p"}"#, "HumanEval/0"),
        (#"{"key": null, "id": "b", "prompt": "p"}"#, "b"),
    ])
    func keyIsTheFirstKnownField(text: String, key: String) throws {
        #expect(try read(text).key == key)
    }

    @Test(arguments: [
        (#"{"prompt": ""}"#, BadRow.Reason.emptyPrompt), (#"{"prompt": " \n"}"#, .emptyPrompt),
        (#"{"messages": []}"#, .emptyPrompt),
        (#"{"messages": [{"role": "system", "content": "s"}]}"#, .emptyPrompt),
        (#"{"prompt": 5}"#, .wrongType), (#"{"prompt": {"a": 1}}"#, .wrongType),
        (#"{"messages": "hi"}"#, .wrongType), (#"{"messages": ["hi"]}"#, .wrongType),
        (#"{"messages": [{"content": "x"}]}"#, .wrongType),
        (#"{"messages": [{"role": "user"}]}"#, .wrongType),
        (#"{"messages": [{"role": "user", "content": 1}]}"#, .wrongType),
        (
            #"{"messages": [{"role": "user", "content": [{"type": "image_url", "u": 1}]}]}"#,
            .unsupportedContent
        ),
        (
            #"{"messages": [{"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}]}"#,
            .wrongType
        ),
        (#"{"question": ["a"]}"#, .wrongType), (#"{"text": "a"}"#, .unknownShape),
        (#"{}"#, .unknownShape), (#"{"prompt": null}"#, .unknownShape),
        (#"{"chosen": "a", "rejected": "b"}"#, .unknownShape),
        (#"{"prompt": "p", "chosen": 5}"#, .wrongType),
        (#"{"prompt": "p", "completions": "a"}"#, .wrongType),
        (#"{"prompt": "p", "completions": [5]}"#, .wrongType),
        (#"{"prompt": "p", "completions": [{"label": "a"}]}"#, .wrongType),
        (#"{"prompt": "p", "completions": [{"text": "a", "reward": "x"}]}"#, .wrongType),
        (#"{"prompt": "p", "completions": [{"text": "a", "reward": 1e999}]}"#, .wrongType),
        (#"{"key": "", "prompt": "p"}"#, .badKey), (#"{"key": 1.5, "prompt": "p"}"#, .badKey),
        (#"{"key": ["a"], "prompt": "p"}"#, .badKey),
        (#"{"prompt": "p", "chosen": [{"role": "user", "content": "q"}]}"#, .inconsistent),
    ])
    func badRowHasItsReason(text: String, reason: BadRow.Reason) throws {
        #expect(try problem(text)?.reason == reason, "\(text)")
    }

    @Test(arguments: [
        // The text prompt is not what the conversation repeats.
        """
        {"prompt": "p", "chosen":
        [{"role": "user", "content": "other"}, {"role": "assistant", "content": "a"}]}
        """,
        // The prompt's messages are not what the conversation repeats.
        """
        {"prompt": [{"role": "user", "content": "p"}], "chosen":
        [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
        """,
        // The two conversations part before their last message.
        """
        {"chosen": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "a"}],
        "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}
        """,
    ])
    func candidateOfAnotherPromptIsABadRow(text: String) throws {
        #expect(try problem(text)?.reason == .inconsistent)
    }

    @Test func unknownShapeListsFieldsAndShowsAFieldMap() throws {
        let detail = try problem(#"{"sentence": "x", "zebra": 1}"#)?.detail
        #expect(detail?.contains("the fields `sentence`, `zebra`") == true)
        #expect(detail?.contains("`prompts: {fields: {prompt: FIELD}}`") == true)
    }

    @Test func fieldMapReadsOtherShapes() throws {
        var map = FieldMap()
        map.key = "meta.uid"
        map.messages = "conversations"
        map.system = "sys"
        map.role = "from"
        map.content = "value"
        map.roles = ["human": "user", "gpt": "assistant"]
        map.candidates = ["good": "best"]
        let prompt = try read(
            """
            {"meta": {"uid": 9}, "conversations": [{"from": "human", "value": "hi"}],
            "sys": "be kind", "best": "hello", "extra": true}
            """, map)
        #expect(prompt.key == "9")
        #expect(
            prompt.content
                == .chat([ChatMessage(role: "system", content: "be kind"), user("hi")]))
        #expect(prompt.candidates == [ImportedCandidate(label: "good", text: "hello")])
        #expect(prompt.metadata == #"{"extra":true,"meta":{"uid":9}}"#)
    }

    @Test func fieldMapOnAMissingFieldNamesIt() throws {
        var map = FieldMap()
        map.prompt = ["instruction"]
        let problem = try problem(#"{"a": 1}"#, map)
        #expect(problem?.reason == .unknownShape)
        #expect(problem?.detail.contains("`instruction`") == true)
    }
}
