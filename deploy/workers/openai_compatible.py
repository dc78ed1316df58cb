"""A policy and a reward model behind servers with OpenAI's HTTP interface (vLLM, llama.cpp, …).

    POLICY_URL=http://127.0.0.1:8000 REWARD_URL=http://127.0.0.1:8001 \\
        .venv-workers/bin/python deploy/workers/worker.py --connect tcp://127.0.0.1:7077 \\
        --models deploy/workers/openai_compatible.py

    POLICY_URL, REWARD_URL   either may be missing: this worker serves what the other one answers
    POLICY_KEY, REWARD_KEY   sent as `Authorization: Bearer`, where a server asks for one
    REWARD_KIND=rerank       the scorer's kind: rerank (/v1/rerank) or classify (/classify of vLLM)
    SEED_BITS=31             63 for a server that reads wider seeds (vLLM does, llama.cpp does not)
    TIMEOUT=600              seconds that an answer may take

Needs nothing but Python. The servers' addresses are this worker's affair; what is sampled and how
is the run's (`spec`). Each draw is a request of its own, `n: 1` with its own seed. A server that
does not answer now is waited for; what it refuses of a draw or a text is a Failed. Where the set-up
is wrong (a key, an address, a model) nothing is stored: the run is declined, with the reason.
"""
import http.client
import json
import math
import os
import sys
import urllib.error
import urllib.request

from models import Completion, Failed, Model, Unavailable

ANSWER_BYTES = 64 << 20
LOWEST = -1000  # servers write -9999 and less for minus infinity; no sampled token has that
TIMEOUT = float(os.environ.get("TIMEOUT", "600"))
SEED_MASK = (1 << int(os.environ.get("SEED_BITS", "31"))) - 1
FILTERED = {"content_filter", "safety", "refusal", "guardrail_intervened"}
TOOL_CALLS = {"tool_calls", "tool_call", "tool_use", "function_call"}
THOUGHTS = "reasoning_content", "reasoning", "thinking"
# What turns the rest of a server's defaults off, by what it calls itself in /v1/models.
OFF = {
    "vllm": {"repetition_penalty": 1},
    # Without the last one it cuts thoughts out of the text.
    "llamacpp": {"repeat_penalty": 1, "typical_p": 1, "top_n_sigma": -1, "xtc_probability": 0,
                 "dry_multiplier": 0, "mirostat": 0, "dynatemp_range": 0,
                 "reasoning_format": "none"},
}


class WrongSetUp(Exception):
    """No draw's fault: worker.py declines the run, and says this."""


class NoRedirection(urllib.request.HTTPRedirectHandler):
    """A key is for one address: it is not carried to another one."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirection)


class Server:
    """A model server: its address, its key, and the one model that it serves."""

    def __init__(self, name):
        self.url = os.environ[f"{name}_URL"].rstrip("/")
        self.key = os.environ.get(f"{name}_KEY")
        served = self.ask("/v1/models")["data"][0]
        self.model, self.program = served["id"], served.get("owned_by", "unknown")

    def offer(self, kind):
        """What identifies the model. Add what you know of it: revision, hash of its weights, …"""
        return Model(kind, self.model, {"server": self.program, "model": self.model})

    def ask(self, path, body=None):
        """The JSON of an answer."""
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with OPENER.open(request, timeout=TIMEOUT) as answer:
                content = answer.read(ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            raise self.refusal(path, error.code, beginning_of(error)) from None
        except (OSError, urllib.error.URLError, http.client.HTTPException) as error:
            raise Unavailable(f"{self.url}{path}: {error}") from None
        if len(content) > ANSWER_BYTES:
            raise Failed("malformed", f"{path} answered more than {ANSWER_BYTES} bytes")
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise Failed("malformed", f"{path} answered no JSON: {error}") from None
        if isinstance(answer, dict) and answer.get("error"):  # with the status 200
            error = answer["error"]
            code = error.get("code") if isinstance(error, dict) else None
            raise self.refusal(path, code if isinstance(code, int) else 500, str(error)[:4096])
        return answer

    def refusal(self, path, code, said):
        """What an answer that is none means."""
        what = f"{self.url}{path} answered {code}: {said}"
        if code in (408, 425, 429) or code >= 500:
            return Unavailable(what)
        if code in (400, 413, 422):
            is_long = any(word in said.lower() for word in ("context", "too long", "max_model_len"))
            return Failed("prompt_too_long" if is_long else "rejected", what)
        return WrongSetUp(what)


def beginning_of(answer):
    try:
        return answer.read(4096).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return ""


def server(name):
    """The server, if there is to be one. The worker starts once it answers."""
    if not os.environ.get(f"{name}_URL"):
        return None
    try:
        return Server(name)
    except (Unavailable, Failed, WrongSetUp, LookupError, TypeError) as error:
        print(f"openai_compatible.py: {name}_URL: {error}", file=sys.stderr)
        sys.exit(3)


REWARD_KIND = os.environ.get("REWARD_KIND", "rerank")
POLICY, REWARD = server("POLICY"), server("REWARD")
POLICIES = [POLICY.offer("openai")] if POLICY else []
SCORERS = [REWARD.offer(REWARD_KIND)] if REWARD else []


def decline(spec):
    policy, scorer = spec["scoring"]["sampling"]["policy"], spec["scoring"]["scorer"]
    if policy["logprobs"] == "tokens":
        return ("openai_compatible.py gives no log-probabilities of tokens: set policy.logprobs to "
                "sum or none")
    if scorer.get("label") is not None:
        return "openai_compatible.py chooses no label of a reward model"
    return None


# ---- Completions


def sample(prompt, seeds, spec):
    policy, parameters = (spec["scoring"]["sampling"][part] for part in ("policy", "parameters"))
    return [draw(prompt, seed, policy, parameters) for seed in seeds]


def draw(prompt, seed, policy, parameters):
    """One completion, or what is wrong with it: a failed draw takes no other one with it."""
    # Each parameter is sent: servers' own defaults are not neutral.
    body = {name: parameters[name] for name in ("temperature", "top_p", "top_k", "min_p",
                                                "max_tokens")}
    body |= {"model": policy["model"], "seed": seed & SEED_MASK, "n": 1, "stream": False,
             "presence_penalty": 0, "frequency_penalty": 0} | OFF.get(POLICY.program, {})
    if parameters["stop"]:
        body["stop"] = parameters["stop"]
    wants_sum = policy["logprobs"] == "sum"
    try:
        is_chat = has_turns(prompt, policy)
        if is_chat:
            path, body["messages"] = "/v1/chat/completions", messages_of(prompt)
            if wants_sum:
                body |= {"logprobs": True, "top_logprobs": 1}
        else:
            path, body["prompt"] = "/v1/completions", prompt.text
            if wants_sum:
                body["logprobs"] = 1
        answer = POLICY.ask(path, body | policy.get("extra_body", {}))
        return completion(answer, wants_sum)
    except Failed as failure:
        return failure
    except (KeyError, IndexError, TypeError) as error:
        return Failed("malformed", f"the answer is no completion: {error!r}")


def has_turns(prompt, policy):
    """Whether a prompt goes to the API for chats."""
    if prompt.messages is None:
        return policy.get("api") == "chat"
    if policy.get("api") == "completions":
        raise Failed("rejected", f"prompt {prompt.key} is a chat, the run's api is completions")
    if prompt.tools or prompt.messages[-1]["role"] == "assistant":
        raise WrongSetUp("openai_compatible.py tells of no tools, and continues no turn of the "
                         "assistant: each server has its own way")
    return True


def messages_of(prompt):
    return prompt.messages or [{"role": "user", "content": prompt.text}]


def completion(answer, wants_sum):
    """The one choice of an answer, as it is. Raises what says that it is none, or not whole."""
    if len(answer["choices"]) != 1:
        raise Failed("wrong_count", f"{len(answer['choices'])} choices came instead of 1")
    choice = answer["choices"][0]
    message = choice.get("message", {})
    text = message["content"] if message else choice["text"]
    reason = choice["finish_reason"]
    if reason in FILTERED or message.get("refusal"):
        raise Failed("filtered", f"the server withheld what was sampled ({reason})")
    if reason in TOOL_CALLS or message.get("tool_calls") or any(map(message.get, THOUGHTS)):
        raise Failed("cut_out", "the server cut something out of the text: serve the model without "
                     "parsers of tools and of reasoning")
    if reason not in ("stop", "length"):
        raise Failed("server_error", f"the server gave the request up ({reason})")
    if not isinstance(text, str):
        raise Failed("malformed", "the answer has no text")
    count = (answer.get("usage") or {}).get("completion_tokens")
    return Completion(text, reason, token_count=count,
                      log_probability=sum_of(choice, text, count) if wants_sum else None)


def sum_of(choice, text, count):
    """log π_ref(y|x), or None where what the server reports cannot be that."""
    reported = choice.get("logprobs") or {}
    if isinstance(reported.get("content"), list):
        values = [token.get("logprob") for token in reported["content"]]
    else:
        values = reported.get("token_logprobs") or []
    is_whole = values and "\ufffd" not in text and count in (None, len(values))
    if not is_whole or not all(is_possible(value) for value in values):
        return None
    return min(0.0, math.fsum(values))


def is_possible(value):
    return isinstance(value, (int, float)) and LOWEST <= value <= 0.001


# ---- Rewards


def score(prompt, text, spec):
    try:
        if REWARD_KIND == "classify":
            messages = messages_of(prompt) + [{"role": "assistant", "content": text}]
            answer = REWARD.ask("/classify", {
                "model": REWARD.model, "messages": messages, "use_activation": False})
            values = answer["data"][0]["probs"]
            if len(values) != 1:
                raise Failed("wrong_count", f"the reward model has {len(values)} labels, not one")
            return number(values[0])
        answer = REWARD.ask("/v1/rerank", {
            "model": REWARD.model, "query": question(prompt), "documents": [text],
            "use_activation": False})
        value = number(answer["results"][0]["relevance_score"])
        return logit(value) if REWARD.program == "llamacpp" else value
    except (KeyError, IndexError, TypeError) as error:
        raise Failed("malformed", f"the answer is no reward: {error!r}") from None


def number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{value!r} is no number")
    return value


def question(prompt):
    """The prompt as one text, where it is one."""
    turns = messages_of(prompt)
    if len(turns) != 1 or set(turns[0]) != {"role", "content"} or prompt.tools:
        raise Failed("rejected", f"prompt {prompt.key} is more than one turn of a user, which "
                     "/v1/rerank cannot carry: use the scorer `classify`")
    return turns[0]["content"]


def logit(share):
    """llama.cpp gives sigmoid(reward). Near 0 and 1 nothing of the reward is left."""
    if not 0 < share < 1:
        raise Failed("not_finite", f"the server gives {share}: the reward is out of its range")
    # 1 - s is exact from 0.5 on, and log1p keeps a small s exact.
    return math.log(share) - (math.log1p(-share) if share < 0.5 else math.log(1 - share))
