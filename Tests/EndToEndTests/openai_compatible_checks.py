"""Checks deploy/workers/openai_compatible.py against a server that answers what a check says."""
import json
import os
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/workers"))
sys.dont_write_bytecode = True
import models  # noqa: E402

LISTING = json.dumps({"data": [{"id": "tiny", "owned_by": "llamacpp"}]})
SPEC = {"scoring": {
    "sampling": {
        "policy": {"kind": "openai", "model": "tiny", "logprobs": "sum"},
        "parameters": {"temperature": 0.5, "top_p": 0.9, "top_k": 0, "min_p": 0, "max_tokens": 7,
                       "stop": ["."], "seed": 1, "seed_bits": 63}},
    "scorer": {"kind": "rerank", "model": "tiny"}}}
CHAT = models.Prompt(key="p", messages=[{"role": "user", "content": "Why?"}])
TEXT = models.Prompt(key="t", text="Once")


class Scripted(BaseHTTPRequestHandler):
    """Answers what `script` says: a status, a body and headers; None breaks the connection off."""

    script = None
    asked = []

    def do_GET(self):
        self.answer(200, LISTING)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Scripted.asked.append((self.path, json.loads(body), self.headers["Authorization"]))
        if Scripted.script is None:
            self.close_connection = True
            return
        self.answer(*Scripted.script)

    def answer(self, status, body, headers=()):
        content = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def choice(text="Because.", reason="stop", values=(-0.5, -1.5), **message):
    tokens = [{"token": "x", "logprob": value} for value in values]
    return {"choices": [{
        "index": 0, "finish_reason": reason, "message": {"content": text} | message,
        "logprobs": {"content": tokens}}], "usage": {"completion_tokens": len(values)}}


class Checks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"
        os.environ |= {"POLICY_URL": cls.url, "REWARD_URL": cls.url, "POLICY_KEY": "secret"}
        cls.served = models.load(Path(models.__file__).with_name("openai_compatible.py"))

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def sample(self, answer, prompt=CHAT, spec=SPEC, seeds=((1 << 40) + 5,), status=200):
        body = answer if isinstance(answer, (str, bytes)) else json.dumps(answer)
        Scripted.script, Scripted.asked = (status, body), []
        return self.served.sample(prompt, list(seeds), spec)

    def test_what_is_asked(self):
        (draw,) = self.sample(choice())
        self.assertEqual((draw.text, draw.finish_reason, draw.token_count, draw.log_probability),
                         ("Because.", "stop", 2, -2.0))
        ((path, body, key),) = Scripted.asked
        self.assertEqual((path, key), ("/v1/chat/completions", "Bearer secret"))
        wanted = {"model": "tiny", "seed": 5, "n": 1, "temperature": 0.5, "top_p": 0.9, "top_k": 0,
                  "min_p": 0, "max_tokens": 7, "stop": ["."], "repeat_penalty": 1,
                  "messages": CHAT.messages, "stream": False}
        self.assertEqual({name: body[name] for name in wanted}, wanted)
        plain = {"choices": [{"finish_reason": "length", "text": " upon",
                              "logprobs": {"token_logprobs": [-1.0]}}]}
        (draw, _) = self.sample(plain, TEXT, seeds=(1, 2))
        self.assertEqual((draw.text, draw.finish_reason, draw.log_probability),
                         (" upon", "length", -1.0))
        self.assertEqual([(path, body["prompt"], body["seed"]) for path, body, _ in Scripted.asked],
                         [("/v1/completions", "Once", 1), ("/v1/completions", "Once", 2)])

    def test_what_is_no_completion(self):
        for answer, code in [
            (choice(reason="content_filter"), "filtered"),
            (choice(refusal="no"), "filtered"),
            (choice(reason="tool_calls"), "cut_out"),
            (choice(tool_calls=[{}]), "cut_out"),
            (choice(reasoning_content="hm"), "cut_out"),
            (choice(reason="abort"), "server_error"),
            (choice(reason=None), "server_error"),
            (choice(text=None), "malformed"),
            ({"choices": []}, "wrong_count"),
            ({"choices": choice()["choices"] * 2}, "wrong_count"),
            ({"nothing": 1}, "malformed"),
            ("[]", "malformed"),
            ("<html>", "malformed"),
            ({"error": {"code": 400, "message": "no"}}, "rejected"),
        ]:
            with self.subTest(answer=answer):
                (draw,) = self.sample(answer)
                self.assertIsInstance(draw, models.Failed)
                self.assertEqual(draw.code, code)

    def test_sums_that_cannot_be(self):
        for values in [(-0.5, None), (-0.5, 1.0), (-0.5, -9999.0), (-0.5, float("nan")), ()]:
            (draw,) = self.sample(choice(values=values))
            self.assertIsNone(draw.log_probability)
        (draw,) = self.sample(choice(text="\ufffd"))
        self.assertIsNone(draw.log_probability)
        answer = choice()
        answer["usage"]["completion_tokens"] = 3
        self.assertIsNone(self.sample(answer)[0].log_probability)

    def test_statuses(self):
        for status, said, code in [(400, "bad", "rejected"), (422, "bad", "rejected"),
                                   (400, "exceeds the maximum context length", "prompt_too_long")]:
            (draw,) = self.sample(said, status=status)
            self.assertEqual(draw.code, code)
        for status in (408, 429, 500, 502, 503):
            with self.assertRaises(models.Unavailable):
                self.sample("busy", status=status)
        for status in (401, 403, 404, 405):
            with self.assertRaises(self.served.WrongSetUp):
                self.sample("no", status=status)
        with self.assertRaises(models.Unavailable):
            self.sample({"error": {"message": "out of memory"}})

    def test_connections(self):
        Scripted.script = None
        with self.assertRaises(models.Unavailable):
            self.served.sample(CHAT, [1], SPEC)
        policy, self.served.POLICY.url = self.served.POLICY.url, "http://127.0.0.1:1"
        with self.assertRaises(models.Unavailable):
            self.served.sample(CHAT, [1], SPEC)
        self.served.POLICY.url = policy
        # A key is not carried to another address.
        Scripted.script, Scripted.asked = (302, "", [("Location", self.url + "/other")]), []
        with self.assertRaises(self.served.WrongSetUp):
            self.served.sample(CHAT, [1], SPEC)
        self.assertEqual(len(Scripted.asked), 1)

    def test_rewards(self):
        def score(answer, prompt=CHAT):
            body = answer if isinstance(answer, str) else json.dumps(answer)
            Scripted.script, Scripted.asked = (200, body), []
            return self.served.score(prompt, "Because.", SPEC)

        def ranked(value):
            return {"results": [{"index": 0, "relevance_score": value}]}

        self.assertAlmostEqual(score(ranked(0.75)), 1.0986122886681098)
        self.assertAlmostEqual(score(ranked(0.25), TEXT), -1.0986122886681098)
        self.assertEqual(Scripted.asked[0][:2], ("/v1/rerank", {
            "model": "tiny", "query": "Once", "documents": ["Because."], "use_activation": False}))
        for answer, code in [(ranked(1), "not_finite"), (ranked(0.0), "not_finite"),
                             (ranked("0.5"), "malformed"), (ranked(None), "malformed"),
                             ("{}", "malformed"), ("no", "malformed")]:
            with self.subTest(answer=answer), self.assertRaises(models.Failed) as caught:
                score(answer)
            self.assertEqual(caught.exception.code, code)
        two = models.Prompt(key="two", messages=CHAT.messages * 2)
        with self.assertRaises(models.Failed) as caught:
            score(ranked(0.5), two)
        self.assertEqual(caught.exception.code, "rejected")

    def test_classify(self):
        self.served.REWARD_KIND, self.served.REWARD.program = "classify", "vllm"
        try:
            Scripted.script = 200, json.dumps({"data": [{"probs": [-3.25]}]})
            Scripted.asked = []
            self.assertEqual(self.served.score(CHAT, "Because.", SPEC), -3.25)
            path, body, _ = Scripted.asked[0]
            self.assertEqual((path, body["messages"][-1], body["use_activation"]), (
                "/classify", {"role": "assistant", "content": "Because."}, False))
            Scripted.script = 200, json.dumps({"data": [{"probs": [0.1, 0.9]}]})
            with self.assertRaises(models.Failed):
                self.served.score(CHAT, "Because.", SPEC)
        finally:
            self.served.REWARD_KIND, self.served.REWARD.program = "rerank", "llamacpp"

    def test_runs_that_are_not_for_it(self):
        self.assertIsNone(self.served.decline(SPEC))
        other = json.loads(json.dumps(SPEC))
        other["scoring"]["sampling"]["policy"]["logprobs"] = "tokens"
        self.assertIn("logprobs", self.served.decline(other))
        other = json.loads(json.dumps(SPEC))
        other["scoring"]["scorer"]["label"] = "1"
        self.assertIn("label", self.served.decline(other))
        for prompt in [models.Prompt(key="a", messages=[{"role": "assistant", "content": "I"}]),
                       models.Prompt(key="b", messages=CHAT.messages, tools=[{}])]:
            with self.assertRaises(self.served.WrongSetUp):
                self.served.sample(prompt, [1], SPEC)


if __name__ == "__main__":
    unittest.main()
