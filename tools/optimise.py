#!/usr/bin/env python3
"""Makes the module smaller: tools/optimise.py RAW OUT.

`wasm-opt` of Binaryen (pinned in demo/package-lock.json) goes over what rustc built: an eighth of the bytes that every Envoy
worker compiles and holds. The same input gives the same bytes. Its result is kept beside OUT and used again while RAW is the
same, because cargo puts its own file back with every build.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What rustc takes for granted of the target; every Envoy that is supported has a V8 that knows more.
FEATURES = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"]
ARGUMENTS = ["-Oz", *(f"--enable-{feature}" for feature in FEATURES)]


def main(raw, out):
    tool = ROOT / ".tools/node/node_modules/.bin/wasm-opt"
    if not tool.exists():
        sys.exit("optimise: wasm-opt is missing: run `make tools`")
    version = json.loads((tool.resolve().parent.parent / "package.json").read_text())["version"]
    identity = [raw.read_bytes(), version.encode(), " ".join(ARGUMENTS).encode()]
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in identity)).hexdigest()
    kept, stamp = out.with_suffix(".optimised"), out.with_suffix(".optimised.stamp")
    if not (kept.exists() and stamp.exists() and stamp.read_text() == digest):
        node = ROOT / ".tools/bin/node"
        subprocess.run([str(node), str(tool.resolve()), *ARGUMENTS, str(raw), "-o", str(kept)], check=True)
        stamp.write_text(digest)
    # Not into the file: cargo's copy of it is the same one.
    beside = out.with_suffix(".new")
    shutil.copyfile(kept, beside)
    os.replace(beside, out)
    print(f"optimise: {raw.stat().st_size} bytes are {out.stat().st_size}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
