"""``python -m tests.claims.record``: record the verdict on every claim, for review."""

import json

from migralab.catalog.catalog import entry_ids, load
from migralab.checks.check import check
from tests.claims.test_formation import RECORD

if __name__ == "__main__":
    verdicts = {e: {v.id: v.verdict for v in check(load(e), seeds=20, workers=2).verdicts} for e in entry_ids()}
    RECORD.write_text(json.dumps(verdicts, indent=1) + "\n")
