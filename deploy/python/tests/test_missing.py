"""What a module says whose packages are not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "package"), [("torch", "torch"), ("trl", "trl"), ("transformers", "torch")]
)
def test_a_module_names_the_extra_that_it_needs(module: str, package: str) -> None:
    code = (
        f"import sys; sys.modules['{package}'] = None\n"
        f"try: import ogive.{module}\n"
        "except ImportError as error: print(type(error).__name__, error)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("MissingPackageError ")
    assert f"{package} is not installed: pip install 'ogive[{module}]'" in ended.stdout
