"""The examples of the page Python give what the page says."""

from __future__ import annotations

import doctest
import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ogive
from conftest import CHECKOUT, Made

pytest.importorskip("torch", reason="PyTorch is not there: pip install 'ogive[torch]'")

PAGE = CHECKOUT / "Sources/ogive/Documentation.docc/Python.md"
# What no example is for, and why.
WITHOUT_EXAMPLE = {
    "ProgramError": "an error",
    "UnknownPrompt": "an error",
    "Audit": "the result of audit()",
    "Database": "the result of connect()",
    "Drift": "the result of drift_summary()",
    "Run": "the result of run()",
    "RunStatus": "the result of status()",
    "Table": "the result of training_rows()",
}


def prompts(count: int) -> list[dict[str, object]]:
    return [
        {
            "key": f"held-out-{number:03}",
            "messages": [{"role": "user", "content": f"What is {number} + 1?"}],
            "chosen": "synthetic reward=1.5; ",
            "rejected": "synthetic reward=-1.5; ",
        }
        for number in range(count)
    ]


def test_the_page_is_true(
    made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = made.write("quickstart", 8, prompts(12))
    made.ogive("run", "--no-preflight", config)
    made.ogive("snapshot", "quickstart", "v1", "--config", config)
    database = ogive.connect(made.url)
    monkeypatch.setattr("ogive.database.connect", lambda *_, **__: database)
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"key": ["a", "b"], "prompt": ["x", "y"]}), "prompts.parquet")
    shutil.copy(made.write("mine", 4, [{"key": "a", "prompt": "x"}, {"key": "b", "prompt": "y"}]),
                "run.yaml")  # fmt: skip
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 6
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "Python", str(PAGE), 0)
    assert len(test.examples) > 30
    failed, _ = doctest.DocTestRunner().run(test)
    assert not failed, capsys.readouterr().out
    json.loads((tmp_path / "pairs" / "state.json").read_text())


def test_the_page_names_all_that_is_public() -> None:
    page = PAGE.read_text()
    methods = [n for n in dir(ogive.Run) if not n.startswith("_") and n != "snapshot"]
    for name in [*methods, *ogive.__all__]:
        assert name in page or name in WITHOUT_EXAMPLE, name
