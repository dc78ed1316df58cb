#!/usr/bin/env python3
"""Fills the store of reference rewards that QRPO on verl starts from.

    ogive export RUN --for qrpo-verl --output rows.jsonl
    python qrpo_store.py rows.jsonl --store DIR --version V --data DIR

For the branch online-qrpo-impl of swiss-ai/posttraining, with `data.path` and
`ref_rewards: {initial_source: store, store_dir: …, initial_version: V}`. A version is
DIR/versions/V: `manifest.json`, and one row a prompt in `dataset`. `--data` is the prompts beside
it, with their offline trajectories.
"""
import argparse
import json
import os
import shutil
import sys
from pathlib import Path

import datasets


def arguments():
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("rows", type=Path, help="a file of `ogive export --for qrpo-verl`")
    parser.add_argument("--store", type=Path, required=True, help="the folder of the store")
    parser.add_argument("--version", required=True, help="the name of the version in the store")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the prompts")
    given = parser.parse_args()
    if not given.version or "/" in given.version or "\\" in given.version:
        parser.error("--version must be a name without slashes")
    return given


def beside(path, what):
    """The JSON file beside the rows."""
    return json.loads(Path(f"{path}.{what}.json").read_text())


def store_rows(rows, version):
    """The rows of a version. Trainers look prompts up by `prompt_id`."""
    for number, row in enumerate(rows):
        yield {
            "prompt_id": row["prompt_id"], "dataset_index": number, "ref_version": version,
            "ref_completions": row["ref_completions"], "ref_rewards": row["ref_rewards"],
            "reward_extra_info": [None] * len(row["ref_rewards"]),
        }


def manifest(rows, version, export):
    """What their trainer reads of a version, and from what Ogive made it."""
    counts = {len(row) for row in rows["ref_rewards"]}
    if len(counts) != 1:
        raise ValueError(f"prompts have {sorted(counts)} rewards: export with --ref-rewards N")
    return {
        "ref_version": version, "status": "complete", "source": "ogive",
        "prompt_count": len(rows), "num_ref_completions": counts.pop(),
        "ogive": {"export": export["export"], "source": export["source"],
                  "files": export["files"]},
    }


def main():
    """Writes both folders, each whole or not at all."""
    given = arguments()
    target = given.store / "versions" / given.version
    for path in (target, given.data):
        if path.exists():
            sys.exit(f"{path} is there already: choose another name, or remove it")
    features = datasets.Features.from_dict(beside(given.rows, "schema")["features"])
    rows = datasets.load_dataset(
        "json", data_files=str(given.rows), split="train", features=features)
    about = manifest(rows, given.version, beside(given.rows, "manifest"))
    target.parent.mkdir(parents=True, exist_ok=True)
    # Under another name until they are whole.
    partial = target.with_name(f"{target.name}.tmp.{os.getpid()}")
    prompts = given.data.with_name(f"{given.data.name}.tmp.{os.getpid()}")
    try:
        types = datasets.Features({
            "prompt_id": datasets.Value("string"), "dataset_index": datasets.Value("int64"),
            "ref_version": datasets.Value("string"), "ref_completions": features["ref_completions"],
            "ref_rewards": features["ref_rewards"],
            "reward_extra_info": datasets.List(datasets.Value("null")),
        })
        versioned = datasets.Dataset.from_list(list(store_rows(rows, given.version)), types)
        versioned.save_to_disk(str(partial / "dataset"))
        (partial / "manifest.json").write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")
        rows.remove_columns("ref_completions").save_to_disk(str(prompts))
        prompts.rename(given.data)
        partial.rename(target)
    finally:
        for path in (partial, prompts):
            shutil.rmtree(path, ignore_errors=True)
    print(f"{target}: {about['prompt_count']} prompts, {about['num_ref_completions']} rewards each")


if __name__ == "__main__":
    main()
