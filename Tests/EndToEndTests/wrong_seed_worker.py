"""worker.py with a mistake, for a test: it gives every draw the seed of the next one."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/workers"))
import worker


class WrongSeeds(worker.Worker):
    def results(self, held, spec):
        results = super().results(held, spec)
        for result in results:
            result.seed += 1
        return results


worker.main(WrongSeeds)
