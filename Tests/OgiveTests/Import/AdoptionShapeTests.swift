import OgiveCore
import Testing

@testable import ogive

/// What completions, rewards and prompt the rows of others become.
@Suite("Rows that are adopted", .timeLimit(.minutes(10)))
struct AdoptionShapeTests {
    private func reading(
        _ text: String, _ map: AdoptionMap? = nil
    ) throws -> RowShape.Reading {
        let row = try #require(JSONParser.parse(Array(text.utf8)).fields)
        var rules = ImportRules()
        rules.adoption = AdoptionShape(map: map)
        return try RowShape(rules: rules).read(row)
    }

    private func problem(_ text: String, _ map: AdoptionMap? = nil) throws -> RowProblem {
        do {
            _ = try reading(text, map)
        } catch let problem as RowProblem {
            return problem
        }
        throw RowProblem(.notJSON, "the row was read")
    }

    private func completions(_ texts: [String], _ rewards: [Double?]) -> [AdoptedCompletion] {
        zip(texts, rewards).map { AdoptedCompletion(text: $0, reward: $1) }
    }

    private static let pair =
        #""chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "c"}], "#
        + #""rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "r"}]"#

    @Test func listsOfReferenceCompletionsKeepTheirOrderAndTheCandidates() throws {
        let prompt = try reading(
            #"{\#(Self.pair), "ref_completions": ["b", "a"], "ref_rewards": [2.5, -1]}"#
        ).prompt
        #expect(prompt.adopted == completions(["b", "a"], [2.5, -1]))
        #expect(prompt.content == .chat([ChatMessage(role: "user", content: "q")]))
        #expect(prompt.candidates.map(\.label) == ["chosen", "rejected"])
        #expect(prompt.metadata == "{}")
    }

    @Test func aChatWithTheCompletionsAsJSONTextIsReadAsItsAuthorsWriteIt() throws {
        let chat =
            #"[{"role": "user", "content": "q"}, "#
            + #"{"role": "assistant", "content": "[\"x\", \"y\"]"}]"#
        let bare = try reading(#"{"ref_completions": \#(chat)}"#).prompt
        #expect(bare.adopted == completions(["x", "y"], [nil, nil]))
        #expect(bare.content == .chat([ChatMessage(role: "user", content: "q")]))
        let paired = try reading(#"{\#(Self.pair), "ref_completions": \#(chat)}"#).prompt
        #expect(paired.adopted.count == 2 && paired.candidates.count == 2)
        let odd = chat.replacing(#"[\"x\", \"y\"]"#, with: "x")
        #expect(try problem(#"{"ref_completions": \#(odd)}"#).detail.contains("JSON list"))
    }

    @Test func rewardsMustBeAsManyAsCompletionsAndNumbers() throws {
        let row = #"{"prompt": "p", "ref_completions": ["a", "b"], "ref_rewards": R}"#
        func with(_ rewards: String) -> String { row.replacing("R}", with: rewards + "}") }
        #expect(try problem(with("[1]")).reason == .inconsistent)
        #expect(try problem(with("[1, \"2\"]")).reason == .wrongType)
        #expect(try problem(with("[1, true]")).reason == .wrongType)
        #expect(try problem(with("3")).reason == .wrongType)
        #expect(try reading(with("[1, null]")).prompt.adopted.map(\.reward) == [1, nil])
        // Whether it can be a reward is seen when it lands, and is a failure then.
        #expect(try reading(with("[1, 1e999]")).prompt.adopted[1].reward == .infinity)
        let empty = #"{"prompt": "p", "ref_completions": [null], "ref_rewards": [1]}"#
        #expect(try problem(empty).detail.contains("no text"))
        let failed = #"{"prompt": "p", "completion": {"error": "e"}, "reward": 1}"#
        #expect(try problem(failed).detail.contains("no text"))
    }

    @Test func oneRowACompletionTakesTextRewardAndEnd() throws {
        let prompt = try reading(
            #"{"prompt": "p", "completion": " a\n", "reward": 0.5, "finish_reason": "length"}"#
        ).prompt
        var expected = AdoptedCompletion(text: " a\n", reward: 0.5)
        expected.finishReason = .length
        #expect(prompt.adopted == [expected])
        #expect(prompt.candidates.isEmpty && prompt.metadata == "{}")
        let chat = try reading(
            #"{"prompt": "p", "completion": [{"role": "assistant", "content": "a"}]}"#
        ).prompt
        #expect(chat.adopted == completions(["a"], [nil]))
    }

    @Test func listsOfObjectsTakeTheirOwnRewards() throws {
        let prompt = try reading(
            """
            {"prompt": "p", "completions": [{"text": "a", "reward": 1, "token_count": 3},
            {"completion": "b", "finish_reason": "stop"}, "c"]}
            """
        ).prompt
        #expect(prompt.adopted.map(\.text) == ["a", "b", "c"])
        #expect(prompt.adopted.map(\.reward) == [1, nil, nil])
        #expect(prompt.adopted.map(\.tokenCount) == [3, nil, nil])
        #expect(prompt.adopted.map(\.finishReason) == [.other, .stop, .other])
    }

    @Test(arguments: ["rollout_results", "inference_results"])
    func datatroveResultsStandInTheMetadata(_ field: String) throws {
        let text = """
            {"id": "d1", "text": "p", "metadata": {"url": "u", "\(field)": [
            {"text": "a", "finish_reason": "stop", "usage": {"completion_tokens": 7}},
            {"error": "Got BadRequestError"}]}}
            """
        let reading = try reading(text)
        #expect(reading.prompt.key == "d1" && reading.prompt.content == .text("p"))
        #expect(reading.prompt.adopted.map(\.text) == ["a", nil])
        #expect(reading.prompt.adopted[0].tokenCount == 7)
        #expect(reading.prompt.adopted[0].finishReason == .stop)
        #expect(reading.prompt.adopted[1].error == "Got BadRequestError")
        #expect(reading.prompt.metadata == #"{"metadata":{"url":"u"}}"#)
        #expect(reading.notes.contains { $0.text.contains("datatrove keeps no request") })
    }

    @Test func rolloutsOfNeMoGymAreOneCompletionEach() throws {
        let text = """
            {"responses_create_params": {"input": [{"role": "user", "content": "q"}],
            "temperature": 0.7}, "response": {"status": "completed", "output": [{"type": "message",
            "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}],
            "usage": {"output_tokens": 5}}, "reward": 1.0, "_ng_task_index": 3,
            "_ng_rollout_index": 1}
            """
        let prompt = try reading(text).prompt
        #expect(prompt.content == .chat([ChatMessage(role: "user", content: "q")]))
        #expect(prompt.adopted.map(\.text) == ["a"] && prompt.adopted[0].reward == 1)
        #expect(prompt.adopted[0].finishReason == .stop && prompt.adopted[0].tokenCount == 5)
        #expect(
            prompt.metadata
                == #"{"_ng_task_index":3,"responses_create_params":{"temperature":0.7}}"#)
        let call = text.replacing(#""type": "message","#, with: #""type": "function_call","#)
        #expect(try problem(call).reason == .unsupportedContent)
    }

    @Test func aFieldMapReadsOtherRows() throws {
        var map = AdoptionMap()
        map.completions = "gen.outputs"
        map.rewards = "gen.scores"
        map.text = "answer"
        let row = #"{"prompt": "p", "gen": {"outputs": [{"answer": "a"}], "scores": [4], "x": 1}}"#
        let prompt = try reading(row, map).prompt
        #expect(prompt.adopted == completions(["a"], [4]))
        #expect(prompt.metadata == #"{"gen":{"x":1}}"#)
        #expect(
            map.identity == [
                "completions": "gen.outputs", "rewards": "gen.scores", "text": "answer",
            ])
        #expect(try problem(#"{"prompt": "p"}"#, map).detail.contains("`gen.outputs`"))
        var single = AdoptionMap()
        single.completion = "answer"
        single.reward = "score"
        let one = try reading(#"{"prompt": "p", "answer": "a", "score": 2}"#, single).prompt
        #expect(one.adopted == completions(["a"], [2]))
    }

    @Test func aRowWithoutCompletionsSaysWhatToWrite() throws {
        let found = try problem(#"{"prompt": "p", "answers": ["a"]}"#)
        #expect(found.reason == .unknownShape && found.detail.contains("adopt: {fields:"))
        #expect(try problem(#"{"completions": ["a"], "x": 1}"#).detail.contains("no prompt"))
        #expect(try problem(#"{"prompt": "p", "completion": 3}"#).reason == .wrongType)
        let thought =
            #"{"prompt": "p", "completion": [{"role": "assistant", "content": "a", "#
            + #""reasoning_content": "t"}]}"#
        #expect(try problem(thought).reason == .unsupportedContent)
    }
}
