import FoundationEssentials
import OgiveCore
import Testing

/// The text and the identity of a scorer of each kind, as they stand in databases.
@Suite("Identity of scorers", .timeLimit(.minutes(10)))
struct ScorerIdentityTests {
    struct Golden: Sendable {
        var spec: ScorerSpec
        var text: String
        var digest: String
    }

    private static let rerank: ScorerSpec = {
        var spec = ScorerSpec(kind: .rerank, model: "tiny-reward")
        spec.revision = "b"
        return spec
    }()

    private static let verifier: ScorerSpec = {
        var rule = VerifierSpec(rule: .regex)
        rule.field = "solution"
        rule.pattern = #"= (\d+)"#
        return ScorerSpec(kind: .verifier(rule), model: "numbers")
    }()

    private static let graded: ScorerSpec = {
        var rule = VerifierSpec(rule: .finalNumber)
        rule.graded = true
        return ScorerSpec(kind: .verifier(rule), model: "final_number")
    }()

    private static let list: ScorerSpec = {
        var http = HTTPScorerSpec(
            path: "/v1/score", request: #"{"items": {{items}}}"#, score: "/rewards/*")
        http.item = #"{"text": {{completion}}}"#
        http.errors = "/errors/*"
        return ScorerSpec(kind: .http(http), model: "service")
    }()

    private static let grader: ScorerSpec = {
        var judge = JudgeSpec(prompt: "Rate {{completion}}", minimum: -0.5, maximum: 1)
        judge.system = "You grade."
        judge.rule = .regex
        judge.pattern = #"Grade: (\d+)"#
        judge.pointer = "/grade"
        judge.temperature = 0.25
        judge.maxTokens = 256
        judge.seed = 7
        judge.samples = 3
        return ScorerSpec(kind: .judge(judge), model: "grader")
    }()

    private static let models: [Golden] = [
        Golden(
            spec: rerank, text: #"{"kind":"rerank","model":"tiny-reward","revision":"b"}"#,
            digest: "c6e06da619cf58de670489d3f6dd3bc5bff91b40875b6016533e494e15631375"),
        Golden(
            spec: ScorerSpec(kind: .classify(), model: "org/reward"),
            text: #"{"kind":"classify","model":"org/reward"}"#,
            digest: "a1113ec366207f22f1694d26d0667ddc1382fca78c1cb3e276dc0f42b49cb0c4"),
        Golden(
            spec: ScorerSpec(kind: .classify(label: "good"), model: "org/reward"),
            text: #"{"kind":"classify","label":"good","model":"org/reward"}"#,
            digest: "14dd608daca196547179122cf3128e67dc05e4675463bace0e155c70465575b8"),
        Golden(
            spec: ScorerSpec(kind: .pooling(label: "0"), model: "org/reward"),
            text: #"{"kind":"pooling","label":"0","model":"org/reward"}"#,
            digest: "1e47ec4a26e1ada1622b1a398af365b6ccf2da26be5799264845e58e3e6797f9"),
        Golden(
            spec: ScorerSpec(kind: .score(label: "LABEL_1"), model: "org/reward"),
            text: #"{"kind":"score","label":"LABEL_1","model":"org/reward"}"#,
            digest: "0460e5e8de9771e9184c31d319eb05241f04a7b830f5934878d6609229bf266e"),
    ]

    private static let others: [Golden] = [
        Golden(
            spec: verifier,
            text: #"{"kind":"verifier","model":"numbers","verifier":{"field":"solution","#
                + #""graded":false,"pattern":"= (\\d+)","rule":"regex"}}"#,
            digest: "7a04d602c9a86781c2d2fd75e58744cac8c14156ba0a8b6c9102c68cdc2ce493"),
        Golden(
            spec: graded,
            text: #"{"kind":"verifier","model":"final_number","verifier":{"field":"answer","#
                + #""graded":true,"rule":"final_number"}}"#,
            digest: "a9c20ade45b4ee4f58c4a769c5e2f3d25b1b676ddc963bd88b39d88f0d291f86"),
        Golden(
            spec: ScorerSpec(
                kind: .http(
                    HTTPScorerSpec(
                        path: "/reward", request: #"{"a": {{completion}}}"#, score: "/out/0")),
                model: "service"),
            text: #"{"http":{"path":"/reward","request":"{\"a\": {{completion}}}","#
                + #""score":"/out/0"},"kind":"http","model":"service"}"#,
            digest: "23d19c16f2a0434226d0e2373b56b171963100d544a07cc85894cc1710e68c73"),
        Golden(
            spec: list,
            text: #"{"http":{"errors":"/errors/*","item":"{\"text\": {{completion}}}","#
                + #""path":"/v1/score","request":"{\"items\": {{items}}}","#
                + #""score":"/rewards/*"},"kind":"http","model":"service"}"#,
            digest: "d4e49aec43ff8f8afe930ec9f9d231e303ad8d72ec506afea2006b2636056435"),
        Golden(
            spec: ScorerSpec(
                kind: .judge(JudgeSpec(prompt: "Rate {{completion}}", minimum: 0, maximum: 10)),
                model: "grader"),
            text: #"{"judge":{"max_tokens":1024,"maximum":10,"minimum":0,"#
                + #""prompt":"Rate {{completion}}","rule":"last_number","samples":1,"seed":0,"#
                + #""temperature":0},"kind":"judge","model":"grader"}"#,
            digest: "421bfa9f19afb8197a331fbe4907d46cabcb93063ea52ab9f9106c7dc4e89282"),
        Golden(
            spec: grader,
            text: #"{"judge":{"max_tokens":256,"maximum":1,"minimum":-0.5,"#
                + #""pattern":"Grade: (\\d+)","pointer":"/grade","prompt":"Rate {{completion}}","#
                + #""rule":"regex","samples":3,"seed":7,"system":"You grade.","#
                + #""temperature":0.25},"kind":"judge","model":"grader"}"#,
            digest: "498e22c7a4614f0659605422397a706552927abad9da06282b068333ea4ce342"),
        Golden(
            spec: ScorerSpec(
                kind: .weighted([
                    PartSpec(name: "a", weight: 2, scorer: rerank),
                    PartSpec(name: "b", weight: -0.5, scorer: verifier),
                ]), model: "sum"),
            text: #"{"kind":"weighted","model":"sum","parts":[{"name":"a","scorer":"#
                + #"{"kind":"rerank","model":"tiny-reward","revision":"b"},"weight":2},"#
                + #"{"name":"b","scorer":{"kind":"verifier","model":"numbers","verifier":"#
                + #"{"field":"solution","graded":false,"pattern":"= (\\d+)","#
                + #""rule":"regex"}},"weight":-0.5}]}"#,
            digest: "e8a9e48964971b6ab5d97872f5802b747d1ca3875521d41dd8ad321e9d3c8abf"),
        Golden(
            spec: ScorerSpec(kind: .command, model: "mine"),
            text: #"{"kind":"command","model":"mine"}"#,
            digest: "6305f92d0abb4c1a6ce61d6c690116cee049e5c7d9d4c320dbed11e16b09f0c4"),
        Golden(
            spec: ScorerSpec(kind: .synthetic, model: "bell"),
            text: #"{"kind":"synthetic","model":"bell"}"#,
            digest: "4feb756f3b847918fbe63267da357a7357ea633d27e3f956c306a765bbcb236d"),
        Golden(
            spec: ScorerSpec(
                kind: .adopted(AdoptedSource(sha256: String(repeating: "0", count: 63) + "a")),
                model: "org/reward"),
            text: #"{"adopted":{"sha256":"\#(String(repeating: "0", count: 63))a"},"#
                + #""kind":"adopted","model":"org/reward"}"#,
            digest: "b329148e4ab8d8ee82834845d48bf34b02da8e880a2723b1f357c5f96d9c4c34"),
    ]

    @Test("Text and identity of a scorer never change silently", arguments: models + others)
    func golden(_ golden: Golden) throws {
        #expect(CanonicalJSON.text(golden.spec) == golden.text)
        #expect(SHA256Digest(hashing: CanonicalJSON.encode(golden.spec)).hex == golden.digest)
        #expect(try Self.read(golden.text) == golden.spec)
    }

    @Test("Every kind has its text here")
    func complete() {
        let kinds = Set((Self.models + Self.others).map(\.spec.kind.name))
        #expect(kinds == Set(ScorerSpec.Kind.Name.allCases))
    }

    @Test(
        "What a kind must be told is asked for",
        arguments: ["verifier", "http", "judge", "weighted", "toss"])
    func incomplete(_ kind: String) {
        for more in ["", #","verifier":null,"http":null,"judge":null,"parts":null"#] {
            let text = #"{"kind":"\#(kind)","model":"m"\#(more)}"#
            #expect(throws: DecodingError.self, "\(text)") { try Self.read(text) }
        }
    }

    @Test("What another kind is told is refused, and not lost")
    func misplaced() throws {
        for (kind, key) in [("rerank", "label"), ("verifier", "label"), ("command", "judge")] {
            let rule = #""verifier":{"field":"a","graded":false,"rule":"exact"}"#
            let text = #"{"kind":"\#(kind)","model":"m",\#(rule),"\#(key)":"x"}"#
            #expect(throws: DecodingError.self, "\(text)") { try Self.read(text) }
        }
        let absent = #"{"kind":"rerank","model":"m","label":null,"revision":null,"other":1}"#
        #expect(try Self.read(absent) == ScorerSpec(kind: .rerank, model: "m"))
    }

    private static func read(_ text: String) throws -> ScorerSpec {
        try JSONDecoder().decode(ScorerSpec.self, from: Data(text.utf8))
    }
}
