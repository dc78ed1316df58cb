"""Writes a trained model and its tokenizer as one GGUF file that llama.cpp serves. All float32."""
import json

import gguf
import numpy as np

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
# llama.cpp's /v1/rerank fills {query} and {document} into this template.
RERANK_TEMPLATE = "<|bos|><|user|>{query}<|end|><|assistant|>{document}<|end|>"
PLAIN_TENSORS = {      # llama.cpp's name within a block: the name in the state dictionary
    "attn_norm": "input_layernorm", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def interleave(weight, heads):
    """Rotary halves, as the llama classes of transformers hold them, to llama.cpp's pairs."""
    rows = weight.shape[0] // heads // 2
    pairs = weight.reshape(heads, 2, rows, *weight.shape[1:]).swapaxes(1, 2)
    return np.ascontiguousarray(pairs.reshape(weight.shape))


def write_gguf(path, model, tokenizer, name):
    """Writes `model`: a llama language model, or a qwen3 classifier with one label.

    Only the qwen3 architecture has its classification head applied to the last token.
    """
    rerank = model.config.model_type == "qwen3"
    writer = gguf.GGUFWriter(str(path), model.config.model_type)
    add_settings(writer, model.config, name)
    add_tokenizer(writer, tokenizer)
    if rerank:
        writer.add_chat_template([{"name": "default", "template": CHAT_TEMPLATE},
                                  {"name": "rerank", "template": RERANK_TEMPLATE}])
        writer.add_pooling_type(gguf.PoolingType.RANK)
        writer.add_classifier_output_labels(["yes", "no"])
    else:
        writer.add_chat_template(CHAT_TEMPLATE)
    add_weights(writer, model, rerank)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_settings(writer, config, name):
    """The shape of the network."""
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    if config.model_type == "llama":
        writer.add_rope_dimension_count(config.head_dim)


def add_tokenizer(writer, tokenizer):
    """The byte-level BPE vocabulary and merges."""
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    special = {token["id"] for token in spec["added_tokens"]}
    pieces = {number: piece for piece, number in tokenizer.get_vocab().items()}
    ordered = [pieces[number] for number in range(len(pieces))]

    def kind(number, piece):
        if piece.startswith("<|unused"):
            return gguf.TokenType.UNUSED
        return gguf.TokenType.CONTROL if number in special else gguf.TokenType.NORMAL

    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(ordered)
    writer.add_token_types([kind(number, piece) for number, piece in enumerate(ordered)])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge)
                             for merge in spec["model"]["merges"]])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def add_weights(writer, model, rerank):
    """The tensors under llama.cpp's names."""
    state = {key: value.detach().float().numpy() for key, value in model.state_dict().items()}
    config = model.config
    writer.add_tensor("token_embd.weight", state["model.embed_tokens.weight"])
    writer.add_tensor("output_norm.weight", state["model.norm.weight"])
    for layer in range(config.num_hidden_layers):
        source, target = f"model.layers.{layer}.", f"blk.{layer}."
        for short, heads in ("q", config.num_attention_heads), ("k", config.num_key_value_heads):
            weight = state[f"{source}self_attn.{short}_proj.weight"]
            if config.model_type == "llama":
                weight = interleave(weight, heads)
            else:
                writer.add_tensor(f"{target}attn_{short}_norm.weight",
                                  state[f"{source}self_attn.{short}_norm.weight"])
            writer.add_tensor(f"{target}attn_{short}.weight", weight)
        for theirs, ours in PLAIN_TENSORS.items():
            writer.add_tensor(f"{target}{theirs}.weight", state[f"{source}{ours}.weight"])
    if rerank:
        # llama.cpp takes a softmax over two labels: with the rows (w, 0) the first label is the
        # sigmoid of the reward, from which the reward can be had back.
        head = state["score.weight"]
        writer.add_tensor("cls.output.weight", np.concatenate([head, np.zeros_like(head)]))
