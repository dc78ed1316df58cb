"""Datasets of a run with a card that says where every number comes from."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ogive import _queries, _rows
from ogive.errors import OgiveError, missing
from ogive.status import RunStatus

if TYPE_CHECKING:
    from ogive.run import Run

_FILE = "data/train-00000-of-00001.parquet"  # the name that `datasets` takes for the split `train`


def save(run: Run, path: Path, rows: str, options: dict[str, Any]) -> Path:
    """Saves a folder that `datasets.load_from_disk` reads; see `Run.save_to_disk`."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise OgiveError(f"{path} is there already: give another folder, or remove it")
    dataset = _rows.read(run, rows, **options).to_dataset()
    path.mkdir(parents=True, exist_ok=True)
    dataset.save_to_disk(str(path))
    (path / "README.md").write_text(card(run, rows, options, len(dataset)), encoding="utf-8")
    return path


def push(
    run: Run,
    repo_id: str,
    rows: str,
    options: dict[str, Any],
    *,
    private: bool | None,
    token: str | None,
    endpoint: str | None,
) -> str:
    """Uploads a Parquet file and a card in one commit; see `Run.push_to_hub`."""
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise missing("data", error) from error
    api = HfApi(endpoint=endpoint, token=token, library_name="ogive")
    with tempfile.TemporaryDirectory(prefix="ogive-hub-") as folder:
        root = Path(folder)
        (root / "data").mkdir()
        dataset = _rows.read(run, rows, **options).to_dataset()
        dataset.to_parquet(str(root / _FILE))
        text = card(run, rows, options, len(dataset), configs=True)
        (root / "README.md").write_text(text, encoding="utf-8")
        api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo_id,
            repo_type="dataset",
            folder_path=folder,
            commit_message=f"Upload {rows} of a run of Ogive",
        )
    return str(commit.commit_url)


def card(run: Run, rows: str, options: dict[str, Any], count: int, *, configs: bool = False) -> str:
    """The text of README.md: metadata as YAML, then what the rows are."""
    status = run.status()
    manifest = run.manifest if run.snapshot is not None else None
    band = {name: options[name] for name in _queries.BAND if options.get(name) is not None}
    certificate = run.certificate(**band)
    head: dict[str, Any] = {
        "tags": ["ogive", "qrpo", "rlhf", *(["synthetic"] if status.synthetic else [])],
        "pretty_name": f"{rows} of {run.name}",
    }
    if configs:
        head["configs"] = [{"config_name": "default", "data_files": "data/train-*.parquet"}]
    if status.synthetic:
        warning = "**The rewards are synthetic: they come from a declared distribution.**\n\n"
    else:
        warning = ""
    # JSON is YAML. The marks of a code block cannot be in it: its texts have no line ends.
    return (
        f"---\n{_json(head)}\n---\n\n# Rows of a run of Ogive\n\n{warning}"
        f"{count} rows of the kind `{rows}`, with these options:\n\n{_block(options)}\n"
        "`quantile_reward` is the share of the prompt's reference completions that are no better "
        f"(arXiv 2507.08068).\n\n{_left_out(certificate)}## The run\n\n"
        f"{_block(_facts(run, status))}\n## Certificate\n\n{_block(certificate)}\n"
        + (
            "## The snapshot\n\nNothing changes it. `ogive audit` proves its checksum.\n\n"
            + _block(manifest)
            if manifest is not None
            else "It is the run's state of that moment. Rows of a snapshot can be read again.\n"
        )
    )


def _left_out(certificate: dict[str, Any]) -> str:
    """A sentence about the prompts that a band of pass rates leaves out."""
    selection = certificate["selection"]
    if selection is None:
        return ""
    return (
        f"The rows are of the {selection['prompts']} prompts with a pass rate from "
        f"{selection['min_rate']} to {selection['max_rate']}; {selection['left_out']} others are "
        "left out.\n\n"
    )


def _facts(run: Run, status: RunStatus) -> dict[str, Any]:
    return {
        "run": run.name,
        "snapshot": run.snapshot,
        "state": status.state,
        "prompt_set": status.prompt_set,
        "prompts": status.prompts,
        "draws": status.draws,
        "landed": status.landed,
        "failures": status.failures,
        "policy": status.policy,
        "scorer": status.scorer,
        "synthetic": status.synthetic,
    }


def _json(value: object) -> str:
    # Characters beyond ASCII are escaped, so that no text ends a line or a comment.
    return json.dumps(value, indent=2, sort_keys=True, default=str)


def _block(value: object) -> str:
    return f"```json\n{_json(value)}\n```\n"
