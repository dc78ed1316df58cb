"""The plain client that Ogive is compared with: asyncio and aiohttp, so many requests at once.

Reads the job as JSON from standard input: url, kind (of server), model, prompts, draws,
per_request, max_tokens, concurrency, seed. Asks for the same draws with the same body as Ogive
does, keeps the connections open, parses each answer and counts its tokens. Says how many
completions and tokens came.
"""
import asyncio
import json
import sys

import aiohttp


def body(job, prompt, first, count):
    """What Ogive sends for `count` draws of a prompt, beginning with draw `first`."""
    llama = job["kind"] == "llamacpp"
    return {
        "model": job["model"], "messages": [{"role": "user", "content": prompt}],
        "temperature": 1, "top_p": 1, "top_k": 0, "min_p": 0, "max_tokens": job["max_tokens"],
        "stop": [], "seed": job["seed"] + first, "n": count, "stream": False,
        "presence_penalty": 0, "frequency_penalty": 0,
        "repeat_penalty" if llama else "repetition_penalty": 1,
        "logprobs": True, "top_logprobs": 1 if llama else 0,
        **({"reasoning_format": "none"} if llama else {}),
    }


async def run(job):
    """Makes all requests, `concurrency` at a time."""
    waiting = [
        (prompt, first) for prompt in job["prompts"]
        for first in range(0, job["draws"], job["per_request"])]
    waiting.reverse()
    completions = tokens = 0
    connector = aiohttp.TCPConnector(limit=job["concurrency"])
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def work():
            nonlocal completions, tokens
            while waiting:
                prompt, first = waiting.pop()
                count = min(job["per_request"], job["draws"] - first)
                request = body(job, prompt, first, count)
                async with session.post(
                        job["url"] + "/v1/chat/completions", json=request) as response:
                    response.raise_for_status()
                    answer = await response.json()
                completions += len(answer["choices"])
                for choice in answer["choices"]:
                    tokens += len(choice["logprobs"]["content"])

        await asyncio.gather(*(work() for _ in range(job["concurrency"])))
    print(json.dumps({"completions": completions, "tokens": tokens}))


if __name__ == "__main__":
    asyncio.run(run(json.load(sys.stdin)))
