/// Answers as the servers give them, cut to what matters: the seeds of the mutations.
enum AnswerSamples {
    static let completions = texts([
        #"{"id":"c","object":"chat.completion","created":1795349310,"model":"tiny-policy","#
            + #""system_fingerprint":"b0-unknown","choices":[{"index":0,"finish_reason":"stop","#
            + #""message":{"role":"assistant","content":"Tom has 21 books."},"#
            + #""logprobs":{"content":["#
            + #"{"id":57,"token":"T","bytes":[84],"logprob":-0.1278,"top_logprobs":[{"id":57,"#
            + #""token":"T","bytes":[84],"logprob":-0.1278}]},{"id":2,"token":"","bytes":[],"#
            + #""logprob":-0.0001,"top_logprobs":[]}]}},{"index":1,"finish_reason":"length","#
            + #""message":{"role":"assistant","content":"é\n"},"logprobs":{"content":[]}}],"#
            + #""usage":{"completion_tokens":7,"prompt_tokens":19,"total_tokens":26}}"#,
        #"{"id":"c","model":"tiny-policy","choices":[{"index":0,"finish_reason":"stop","#
            + #""stop_reason":null,"token_ids":[57,331,2],"message":{"role":"assistant","#
            + #""content":"That is 12","refusal":null,"function_call":null,"reasoning":null,"#
            + #""tool_calls":[]},"logprobs":{"content":[{"token":"T","logprob":-0.1279,"#
            + #""bytes":[84],"top_logprobs":[]}]}},{"index":1,"message":{"content":null},"#
            + #""logprobs":null}],"usage":{"prompt_tokens":19,"completion_tokens":22}}"#,
        #"{"choices":[{"index":1,"text":" 19.","finish_reason":"stop","logprobs":{"tokens":["#
            + #"" 19","."],"token_logprobs":[-0.5,-0.25],"top_logprobs":null,"#
            + #""text_offset":[0,3]}},"#
            + #"{"index":0,"text":"","finish_reason":"length","logprobs":{"token_logprobs":[]}}]}"#,
    ])

    static let pooling = texts([
        #"{"id":"classify-8","object":"list","created":1,"model":"tiny-reward","data":["#
            + #"{"index":0,"label":"LABEL_0","probs":[-3.25],"num_classes":1},"#
            + #"{"index":1,"label":"LABEL_0","probs":[1.5e-3],"num_classes":1}],"usage":{}}"#,
        #"{"object":"list","data":[{"index":1,"object":"pooling","data":[0.25]},"#
            + #"{"index":0,"object":"pooling","data":[-7]}],"model":"tiny-reward"}"#,
    ])

    static let rerank = texts([
        #"{"model":"tiny-reward","object":"list","usage":{"prompt_tokens":77,"total_tokens":77},"#
            + #""results":[{"index":1,"relevance_score":0.9933071732521057},"#
            + #"{"index":0,"relevance_score":1.2e-05}]}"#
    ])

    static let models = Array(
        (#"{"object":"list","data":[{"id":"tiny-policy","aliases":["a","b"],"object":"model","#
            + #""created":1,"owned_by":"llamacpp","root":"/models/tiny","max_model_len":512,"#
            + #""meta":{"n_params":123456,"n_vocab":512,"size":493824,"ftype":"F16"}}]}"#).utf8)
    static let props = Array(
        (#"{"total_slots":4,"chat_template":"{% for m in messages %}","build_info":"b1-abc","#
            + #""default_generation_settings":{"n_ctx":512,"params":{"seed":4294967295}}}"#).utf8)
    static let profiles = [models, props] + texts([#"{"version":"0.32.0"}"#])

    static let errors = texts([
        #"{"error":{"code":400,"message":"request (1802 tokens) exceeds the available context "#
            + #"size","type":"exceed_context_size_error","n_prompt_tokens":1802,"n_ctx":512}}"#,
        #"{"error":"Unauthorized"}"#, #"{"detail":"Not Found"}"#,
        #"{"detail":[{"loc":["body"],"msg":"Field required","type":"missing"}]}"#,
        #"{"object":"error","message":"no","type":"BadRequestError","param":"input_tokens"}"#,
        "<html><body>Bad Gateway</body></html>", "120", "Wed, 21 Oct 2015 07:28:00 GMT",
    ])

    static let command = texts([
        "{\"id\":0,\"reward\":0.5}\n{\"id\":1,\"reward\":-1e3}\n", "{\"id\":2,\"error\":\"no\"}\n",
        "{\"id\":3,\"reward\":NaN}\r\n\n  \n{\"id\":4,\"reward\":-Infinity}\n{\"id\":5}\n",
        "{\"id\":9223372036854775807,\"reward\":null,\"extra\":[1,{\"a\":\"\\u00e9\"}]}\n",
    ])

    static func texts(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }
}
