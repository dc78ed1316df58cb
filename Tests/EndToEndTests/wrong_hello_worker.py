"""worker.py with a mistake, for a test: it does not say what identifies its policy."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/workers"))
import worker


class WrongHello(worker.Worker):
    def send(self, **body):
        if "hello" in body:
            body["hello"].policies[0].ClearField("fingerprint")
        super().send(**body)


worker.main(WrongHello)
