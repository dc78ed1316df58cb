"""Saved and uploaded datasets, with their cards; the hub is a fake one on this machine."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest

import ogive
from ogive import _hub


def test_a_saved_dataset_is_loaded_with_its_types(run: ogive.Run, tmp_path: Path) -> None:
    path = run.save_to_disk(tmp_path / "a", "pairs", strategy="best-worst")
    loaded = datasets.load_from_disk(str(path))
    assert loaded.num_rows == 24 and loaded.features["reward_gap"].dtype == "float64"
    assert "synthetic" in (path / "README.md").read_text()
    with pytest.raises(ogive.OgiveError, match="is there already"):
        run.save_to_disk(path)


def test_a_card_holds_no_markup_of_others(db: ogive.Database) -> None:
    run = db.run("made", snapshot="v1")
    hostile = ogive.Run(db, "made", None)
    text = _hub.card(hostile, "pairs", {"strategy": "```\n---\n<script>"}, 3, configs=True)
    assert text.count("\n---\n") == 1 and text.startswith("---\n")
    assert text.count("\n```\n") == text.count("```json\n") == 3
    head = json.loads(text.split("---")[1])
    assert head["configs"][0]["data_files"] == "data/train-*.parquet"
    assert "synthetic" in head["tags"] and "rewards are synthetic" in text
    assert run.manifest["sha256"] in _hub.card(run, "pairs", {}, 3)


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's protocol as an upload of small files needs."""

    files: dict[str, bytes] = {}  # noqa: RUF012
    tokens: list[str | None] = []  # noqa: RUF012

    def do_POST(self) -> None:
        """Answers the creation of a repository, the question how to upload, and a commit."""
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        self.tokens.append(self.headers.get("Authorization"))
        answer: dict[str, Any] = {}
        if self.path.endswith("/repos/create"):
            answer = {"url": f"{self._base}/datasets/me/rows", "name": "me/rows"}
        elif "/preupload/" in self.path:
            asked = json.loads(body)["files"]
            answer = {
                "files": [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in asked
                ]
            }
        elif "/commit/" in self.path:
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    value = entry["value"]
                    self.files[value["path"]] = base64.b64decode(value["content"])
            answer = {
                "commitUrl": f"{self._base}/datasets/me/rows/commit/1",
                "commitOid": "1",
                "success": True,
            }
        self._send(answer)

    def do_GET(self) -> None:
        """The repository has no files yet."""
        self._send({"id": "me/rows", "sha": "0", "siblings": []})

    @property
    def _base(self) -> str:
        return f"http://{self.headers['Host']}"

    def _chunks(self) -> bytes:
        found = io.BytesIO()
        while size := int(self.rfile.readline(), 16):
            found.write(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return found.getvalue()

    def _send(self, answer: object) -> None:
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the fake hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_upload_is_one_commit_of_rows_and_card(run: ogive.Run, hub: str, tmp_path: Path) -> None:
    key = "hf_x"
    url = run.push_to_hub("me/rows", "pairs", strategy="best-worst", token=key, endpoint=hub)
    assert url == f"{hub}/datasets/me/rows/commit/1"
    assert set(Hub.files) == {"README.md", "data/train-00000-of-00001.parquet"}
    table = pq.read_table(io.BytesIO(Hub.files["data/train-00000-of-00001.parquet"]))
    assert table.num_rows == 24
    assert Hub.files["README.md"].startswith(b"---\n{")
    assert set(Hub.tokens) == {"Bearer hf_x"}
    (tmp_path / "data").mkdir()
    for name, data in Hub.files.items():
        (tmp_path / name).write_bytes(data)
    loaded = datasets.load_dataset(str(tmp_path), split="train")
    assert loaded.num_rows == 24
