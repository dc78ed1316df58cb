"""A reward model of transformers: from items to batches to raw logits. Part of reward_model.py.

It knows nothing of protocols. `Model.encode` makes tokens of an item, `Model.batches` sorts items
by length into batches, `Model.begin` begins one and answers with a function that waits for it: a
reward, or an ItemError, for each row. On a GPU it computes while the next batch is made ready.
"""

import hashlib
import json
import math
import pathlib
import sys
import time

VERSION = "1"


def say(text):
    print(f"reward_model: {text}", file=sys.stderr, flush=True)


class ItemError(Exception):
    """One item cannot be scored; `code` is one of Ogive's failure codes."""
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Model:
    """Tokenizer and model, and what is known of them."""
    # Whether attention is told what is padding; whether texts of different lengths share a batch.
    masks, pads = True, True

    def __init__(self, options):
        import torch
        import transformers

        self.torch, self.options = torch, options
        self.device, dtype = options.device, options.dtype
        if self.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        if dtype == "auto":
            dtype = "float32" if self.device == "cpu" else "bfloat16"
        # A CPU is slower with batches that do not fit into its caches.
        self.batch_tokens = options.batch_tokens or (1_024 if self.device == "cpu" else 16_384)
        say(f"loading {options.model} as {dtype} on {self.device}")
        begun = time.monotonic()
        source = dict(revision=options.revision, trust_remote_code=options.trust_remote_code)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(options.model, **source)
        if options.chat_template:
            self.tokenizer.chat_template = pathlib.Path(options.chat_template).read_text("utf-8")
        name = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
        self.model = transformers.AutoModelForSequenceClassification.from_pretrained(
            options.model, **{name: getattr(torch, dtype)}, **source)
        self.model.to(self.device).eval()
        self.config = self.model.config.get_text_config()
        self.config.use_cache = False
        self.format = self.choose_format()
        self.label = self.choose_label()
        self.max_length = self.choose_length()
        self.refuse_activations()
        self.masks = not self.is_blind_to_padding()
        self.pads = self.padding_is_harmless()
        self.facts = self.describe(dtype)
        say(f"ready in {time.monotonic() - begun:.1f} s: {json.dumps(self.facts)}")

    def choose_format(self):
        if self.options.format != "auto" or self.tokenizer.chat_template:
            return {"auto": "chat"}.get(self.options.format, self.options.format)
        sys.exit("the tokenizer has no chat template: give --chat-template FILE, or "
                 "--format pair (text pairs, as encoders take them) or --format text (prompt and "
                 "completion joined)")

    def choose_label(self):
        names = [self.model.config.id2label[i] for i in range(self.model.config.num_labels)]
        label = self.options.label or (names[0] if len(names) == 1 else "")
        if label in names:
            return names.index(label)
        if label.isdigit() and int(label) < len(names):
            return int(label)
        sys.exit(f"the model has {len(names)} labels: choose one by --label, by name "
                 f"or number: {', '.join(names[:50])}")

    def choose_length(self):
        known = [getattr(self.config, "max_position_embeddings", None),
                 self.tokenizer.model_max_length]
        known = [length for length in known if length and 0 < length < 1 << 30]
        if self.options.max_length is None and not known:
            sys.exit("how long may texts be? Give --max-length")
        return self.options.max_length or min(known)

    def refuse_activations(self):
        """Rewards are logits: a head that squashes them would make ties of the best ones."""
        base = self.model.base_model_prefix + "."
        for name, module in self.model.named_modules():
            kind = type(module).__name__
            if kind in ("Sigmoid", "Softmax", "LogSoftmax") and not name.startswith(base):
                sys.exit(f"the model's head squashes its logits ({name}: {kind}); a "
                         "raw reward is needed")

    def describe(self, dtype):
        """What tells this scorer from another one; texts only."""
        digest = hashlib.sha256()
        base = self.model.base_model_prefix + "."
        for name, tensor in sorted(self.model.named_parameters()):
            if tensor.dim() == 1 or not name.startswith(base):
                flat = tensor.detach().cpu().reshape(-1).view(self.torch.uint8)
                digest.update(name.encode() + b"\0" + flat.numpy().tobytes())
        # A folder has another path on another machine.
        folder = pathlib.Path(self.options.model)
        facts = {
            "server": "reward_model.py", "version": VERSION,
            "model": folder.resolve().name if folder.is_dir() else self.options.model,
            "revision": getattr(self.config, "_commit_hash", None) or self.options.revision,
            "dtype": dtype, "max_length": self.max_length, "on_overflow": self.options.on_overflow,
            "format": self.format, "label": self.model.config.id2label[self.label],
            "weights_sha256": digest.hexdigest(),
        }
        if self.format == "chat":
            template = json.dumps(self.tokenizer.chat_template, sort_keys=True)
            facts["chat_template_sha256"] = hashlib.sha256(template.encode()).hexdigest()
        return {name: str(value) for name, value in facts.items() if value is not None}

    def encode(self, item):
        """The item's token ids (and token types); raises ItemError."""
        completion = item.get("completion")
        if not isinstance(completion, str):
            raise ItemError("rejected", "the item has no text `completion`")
        messages, prompt = item.get("messages"), item.get("prompt")
        if messages is None and not isinstance(prompt, str):
            raise ItemError("rejected", "the item has neither `messages` nor a text `prompt`")
        try:
            return self.bounded(self.tokenise(messages, prompt, completion))
        except ItemError:
            raise
        except Exception as error:
            raise ItemError("rejected", f"the tokenizer refuses the item: {error}") from error

    def tokenise(self, messages, prompt, completion):
        if self.format == "chat":
            turns = [{"role": "user", "content": prompt}] if messages is None else list(messages)
            if turns and turns[-1].get("role") == "assistant":
                # A partial turn that the completion goes on with.
                turns[-1] = {**turns[-1], "content": turns[-1]["content"] + completion}
            else:
                turns.append({"role": "assistant", "content": completion})
            text = self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=False)
            # The template has the special tokens already: a second BOS would change the reward.
            return self.tokenizer(text, add_special_tokens=False)
        if messages is not None:
            if len(messages) != 1 or messages[0].get("role") != "user":
                raise ItemError("rejected", f"--format {self.format} takes one user turn only")
            prompt = messages[0]["content"]
        if self.format == "pair":
            return self.tokenizer(prompt, completion)
        return self.tokenizer(prompt + completion)

    def bounded(self, encoded):
        ids = encoded["input_ids"]
        types = encoded.get("token_type_ids")
        excess = len(ids) - self.max_length
        if not ids:
            raise ItemError("rejected", "prompt and completion have no token")
        if excess > 0:
            if self.options.on_overflow == "fail":
                raise ItemError(
                    "prompt_too_long",
                    f"prompt and completion have {len(ids)} tokens, the reward model takes "
                    f"{self.max_length}; a truncated text would get another text's reward")
            keeps_first = ids[0] == self.tokenizer.bos_token_id
            ids = ids[:keeps_first] + ids[excess + keeps_first:]
            types = types and types[:keeps_first] + types[excess + keeps_first:]
        return ids, types

    @property
    def computes_aside(self):
        """Whether it computes a batch while the next one is made ready."""
        return self.device.startswith("cuda")

    def forward(self, rows):
        """The logits of rows of any lengths, in one batch."""
        return self.launch(rows)()

    def launch(self, rows, padding=None):
        """Begins a batch, padded on the right; answers with a function that waits for its
        logits."""
        former = self.config.pad_token_id
        padding = former if padding is None else padding
        if padding is None and len(rows) > 1:
            # The model takes the last token that is not padding: any id that no row has will do.
            used = {token for ids, _ in rows for token in ids}
            padding = next((id for id in range(self.config.vocab_size) if id not in used), None)
            if padding is None:
                first, rest = self.launch(rows[:1]), self.launch(rows[1:])
                return lambda: first() + rest()
        inputs = self.collate(rows, 0 if padding is None else padding)
        self.config.pad_token_id = padding
        try:
            with self.torch.inference_mode():
                logits = self.model(**inputs).logits[:, self.label].float()
        finally:
            self.config.pad_token_id = former
        if not self.computes_aside:
            return logits.tolist
        values = self.torch.empty(logits.shape, dtype=logits.dtype, pin_memory=True)
        values.copy_(logits, non_blocking=True)
        # Of this model's GPU, which need not be the current one.
        done = self.torch.cuda.current_stream(logits.device).record_event()

        def wait():
            done.synchronize()
            return values.tolist()
        return wait

    def collate(self, rows, fill):
        """The model's inputs on its device; the copy goes on while the caller does."""
        torch = self.torch
        length = max(len(ids) for ids, _ in rows)

        def table(texts, rest):
            values = torch.full(
                (len(rows), length), rest, dtype=torch.long, pin_memory=self.computes_aside)
            for row, tokens in enumerate(texts):
                values[row, :len(tokens)] = torch.tensor(tokens)
            return values.to(self.device, non_blocking=True)

        inputs = {"input_ids": table([ids for ids, _ in rows], fill)}
        if self.masks:
            inputs["attention_mask"] = table([[1] * len(ids) for ids, _ in rows], 0)
        if rows[0][1]:
            inputs["token_type_ids"] = table([kinds or [] for _, kinds in rows], 0)
        return inputs

    def is_blind_to_padding(self):
        """Whether what stands behind a text never changes its reward, to the last bit: so it is
        where each token looks at those before it only. Then padding on the right needs no mask,
        and attention takes its quicker way."""
        self.masks = False
        rows = [([1 + token % 3 for token in range(n)], None) for n in (3, 8)]
        try:
            found = [self.launch(rows, padding=token)() for token in (5, 6, 7)]
        except Exception:   # code of the model's own may not do without a mask
            return False
        finally:
            self.masks = True
        return all(math.isfinite(value) for value in found[0]) and found[1:] == found[:1] * 2

    def padding_is_harmless(self):
        """Whether a text's reward is the same beside a longer one. Models with code of their own
        may read the last column, padding or not: those get batches of equal lengths only."""
        short, long = [([1 + token % 3 for token in range(n)], None) for n in (3, 8)]
        alone, beside = self.forward([short])[0], self.forward([short, long])[0]
        slack = 1e-3 if self.model.dtype == self.torch.float32 else 5e-2
        if abs(alone - beside) <= slack * (1 + abs(alone)):
            return True
        say(f"padding changes rewards ({alone:.4f} alone, {beside:.4f} beside a longer text): only "
            "texts of equal lengths share a batch")
        return False

    def begin(self, rows):
        """Begins a batch; answers with a function that waits for one reward or ItemError of each
        row. A batch for which there is no memory is halved."""
        try:
            logits = self.launch(rows)
        except RuntimeError as error:
            answers = self.recover(error, rows)
            return lambda: answers

        def wait():
            try:
                return self.checked(logits())
            except RuntimeError as error:
                return self.recover(error, rows)
        return wait

    def rewards(self, rows):
        """One reward or ItemError for each row."""
        try:
            return self.checked(self.forward(rows))
        except RuntimeError as error:
            return self.recover(error, rows)

    def checked(self, values):
        return [value if math.isfinite(value)
                else ItemError("not_finite", f"the model's logit is {value}") for value in values]

    def recover(self, error, rows):
        """The rewards of rows whose batch failed."""
        text = str(error).lower()
        if not any(word in text for word in ("out of memory", "allocate memory")):
            self.leave_if_broken()
            return [ItemError("server_error", f"the model failed: {error}")] * len(rows)
        if len(rows) == 1:
            return [ItemError("server_error", f"no memory for {len(rows[0][0])} tokens")]
        say(f"out of memory with {len(rows)} texts: trying halves")
        self.torch.cuda.empty_cache()
        half = len(rows) // 2
        return self.rewards(rows[:half]) + self.rewards(rows[half:])

    def leave_if_broken(self):
        """Ends the program where the GPU answers nothing any more: a new process may."""
        if not self.computes_aside:
            return
        try:
            self.torch.cuda.synchronize(self.device)
        except RuntimeError as error:
            sys.exit(f"the GPU computes nothing any more: {error}")

    def batches(self, rows):
        """Cuts rows, given by length, into batches of at most --batch-tokens, padding included."""
        batch = []
        for row in sorted(rows, key=lambda row: len(row[0][0])):
            length = len(row[0][0])
            full = (len(batch) + 1) * length > self.batch_tokens
            if batch and (full or (not self.pads and length != len(batch[0][0][0]))):
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch
