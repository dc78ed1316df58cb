"""A llama policy kept in a GGUF file: read into torch, evaluated, written back.

The file holds everything that a model server reads: weights, tokeniser, chat template, whether
texts begin with BOS. All of it is taken from there: trainer and server mean the same tokens.
"""
import contextlib
import hashlib
import logging
import os
import sys
from pathlib import Path

import gguf
import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "config" / "quickstart"))
from gguf_export import add_weights  # noqa: E402


class Policy:
    """Model, tokeniser and the file they came from."""

    def __init__(self, path, dtype=torch.float32, device="cpu", api="chat"):
        """`api` is that of the run's policy: with `chat` a plain text is asked as a user's turn."""
        import transformers
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        logging.getLogger("transformers").setLevel(logging.ERROR)
        self.path = Path(path)
        self.reader = gguf.GGUFReader(self.path)
        if self.value("general.architecture") != "llama":
            raise ValueError(f"{path} is no llama model; this trainer knows no other")
        place = dict(gguf_file=self.path.name)
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.path.parent, **place)
            # Weights and their optimizer stay in float32 whatever the arithmetic is.
            self.model = transformers.AutoModelForCausalLM.from_pretrained(
                self.path.parent, dtype=torch.float32, **place).to(device)
        # It can be trained: nothing of it is quantised any more.
        self.model.eval()
        self.dtype, self.device, self.api = dtype, device, api
        self.end = self.value("tokenizer.ggml.eos_token_id")

    def value(self, key):
        """A value of the file's metadata; None where it has none."""
        field = self.reader.get_field(key)
        return None if field is None else field.contents()

    def prompt_tokens(self, prompt):
        """The tokens of `{"messages": […]}` or `{"text": …}`, as the server makes them."""
        if self.api == "chat":
            turns = prompt.get("messages") or [{"role": "user", "content": prompt["text"]}]
            if turns[-1]["role"] == "assistant":
                raise ValueError("a prompt that ends in a partial assistant turn: not supported")
            begin, text = [], self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True)
        else:
            text = prompt["text"]
            begin = [self.value("tokenizer.ggml.bos_token_id")] \
                if self.value("tokenizer.ggml.add_bos_token") else []
        return begin + self.tokenizer.encode(text, add_special_tokens=False)

    def completion_tokens(self, row):
        """The tokens of a row: those that were sampled where they are stored, else of the text."""
        if row.get("token_ids") is not None:
            return list(row["token_ids"])
        tokens = self.tokenizer.encode(row["completion"], add_special_tokens=False)
        # A truncated draw has no end token; a candidate is always taken as ended.
        return tokens if row["truncated"] else tokens + [self.end]

    def log_probabilities(self, pairs, model=None):
        """The sums over the completion of each (prompt tokens, completion tokens).

        `model` is another one of the same shape, such as what wraps it on several processes.
        """
        rows = [prompt + completion for prompt, completion in pairs]
        width = max(map(len, rows))
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        mask = torch.zeros(len(rows), width, dtype=torch.bool)
        for place, (row, (prompt, _)) in enumerate(zip(rows, pairs)):
            ids[place, :len(row)] = torch.tensor(row)
            mask[place, len(prompt):len(row)] = True
        ids, mask = ids.to(self.device), mask.to(self.device)
        with torch.autocast(torch.device(self.device).type, self.dtype,
                            enabled=self.dtype != torch.float32):
            # Padding stands right and attention is causal: it reaches no token that is read.
            logits = (model or self.model)(input_ids=ids).logits[:, :-1]
        losses = F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(),
                                 reduction="none").view(len(rows), -1)
        return -(losses * mask[:, 1:]).sum(1)

    def save(self, path, name):
        """Writes a GGUF file: the metadata of the first one under another name, these weights."""
        path = Path(path)
        draft = path.with_name(path.name + ".part")
        writer = gguf.GGUFWriter(str(draft), self.value("general.architecture"))
        for field in self.reader.fields.values():
            # What the writer itself adds.
            if field.name.startswith("GGUF.") or field.name == "general.architecture":
                continue
            kind = field.types[0]
            part = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            value = name if field.name == "general.name" else field.contents()
            writer.add_key_value(field.name, value, kind, sub_type=part)
        add_weights(writer, self.model, False)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        os.replace(draft, path)

    def digest(self):
        """SHA-256 of the weights."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().float().numpy().tobytes())
        return digest.hexdigest()
