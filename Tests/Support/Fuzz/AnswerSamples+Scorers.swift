extension AnswerSamples {
    static let rewardLists = texts([
        #"[{"embedding":[-3.25],"meta_info":{"id":"a","prompt_tokens":9}},"#
            + #"{"embedding":0.5,"meta_info":{"prompt_tokens":7,"e2e_latency":0.1}}]"#,
        #"[[{"score":0.25,"label":"LABEL_0"}],[{"score":-7,"label":"LABEL_0"}]]"#,
        #"[[{"score":0.9,"label":"good"},{"score":0.1,"label":"LABEL_0"}],"#
            + #"[{"score":1e-3,"label":"LABEL_0"}]]"#,
        #"[{"index":1,"score":0.99,"text":"b"},{"index":0,"score":-2.5e1}]"#,
    ])

    static let oneChoice = texts([
        #"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","#
            + #""content":"Tom has 19."},"done":true,"done_reason":"stop","eval_count":7,"#
            + #""prompt_eval_count":19,"total_duration":5}"#,
        #"{"model":"m","response":" 19.","done":true,"done_reason":"length","eval_count":2,"#
            + #""context":[1,2]}"#,
        #"{"model":"m","message":{"content":"x","thinking":"hm"},"done":true}"#,
        #"{"response":"é\n","thinking":"","done":false}"#,
    ])

    static let judge = texts([
        #"{"choices":[{"index":0,"message":{"content":"Fine.\n\nGrade: 7"},"#
            + #""finish_reason":"stop"}],"usage":{"prompt_tokens":40,"completion_tokens":3}}"#,
        #"{"choices":[{"message":{"content":"```json\n{\"grade\": 4.5}\n```"},"#
            + #""finish_reason":"stop"}],"model":"m"}"#,
        #"{"choices":[{"message":{"content":"-3"},"finish_reason":"length"}]}"#,
        #"{"choices":[{"message":{"content":null}}],"usage":null}"#,
        #"{"choices":[{"message":{"content":"{\"grade\": 1e400} or 9/10"}}]}"#,
    ])

    static let given = texts([
        #"{"model":"m","choices":[{"index":0,"prompt_logprobs":[null,{"4":{"logprob":-1}},"#
            + #"{"7":{"logprob":-1.5,"rank":2},"9":{"logprob":-0.1}},{"2":{"logprob":-0.5}}]},"#
            + #"{"index":1,"prompt_logprobs":[null,{"4":{"logprob":-1}},{"7":{"logprob":-2}},"#
            + #"{"2":{"logprob":0}}]}],"usage":{"prompt_tokens":8,"completion_tokens":2}}"#,
        #"[{"text":"x","output_ids":[7],"meta_info":{"id":"a","prompt_tokens":4,"#
            + #""completion_tokens":1,"input_token_logprobs":[[null,4,null],[-1.5,7,null],"#
            + #"[-0.5,2,"</s>"]],"output_token_logprobs":[[-0.5,7,null]]}},"#
            + #"{"meta_info":{"input_token_logprobs":[[-1,7,"a"],[-2e-3,2,"b"]]}}]"#,
    ])

    static let pointers = texts([
        "/a/0/b\n{\"a\":[{\"b\":1.5},null]}", "/rewards/*\n{\"rewards\":[1,2,null]}",
        "/r/*/s\n{\"r\":[{\"s\":1},{\"s\":[]},{}]}", "/a~1b/~0\n{\"a/b\":{\"~\":-1e9}}", "\n7",
    ])

    static let templates = texts([
        #"{"q": "Q: {{prompt}}\n", "a": {{completion}}, "m": {{metadata}}}"# + "\nan \"x\"\n",
        #"[{{messages}}, "{{conversation}}", {{metadata.a}}, "\\{{completion}}"]"# + "\n\u{1}é",
        #"{"a": {{metadata.c}}}"# + "\n", "{{completion}}\n\\", #"{"x": "{{completion}}"#,
    ])
}
