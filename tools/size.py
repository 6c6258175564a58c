#!/usr/bin/env python3
"""Prints the module's size and digest, and fails above the budget: tools/size.py MODULE BUDGET."""

import gzip
import hashlib
import sys
from pathlib import Path

module, budget = Path(sys.argv[1]), int(sys.argv[2])
content = module.read_bytes()
print(f"{module.name}  {len(content)} bytes of {budget} ({100 * len(content) // budget} %), "
      f"{len(gzip.compress(content, 9))} gzipped, sha256 {hashlib.sha256(content).hexdigest()}")
if len(content) > budget:
    print(f"size: {len(content) - budget} bytes over the budget (WASM_BUDGET in the Makefile)", file=sys.stderr)
    sys.exit(1)
