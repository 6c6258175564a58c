"""Brings the real providers into `.tools/`: pinned, and checked by hash where they come as one file.

Java and Maven are the machine's own: where they are missing the providers cannot run, and `Missing` says so.
"""

import hashlib
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import stage  # noqa: F401 (it says where to import from)

import bootstrap

HERE = Path(__file__).resolve().parent
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
KEYCLOAK = "26.4.0"
KEYCLOAK_SHA256 = "1b6a11a2726ac8a8dc9c91d5fafe989a75ce4f1622d7f7b45c21d5bc16629c0a"
# Of this version and newer both providers.
JAVA = 17


class Missing(Exception):
    """A prerequisite that cannot be brought. Its text is the one line that the user sees."""


def java():
    """The machine's own Java and Maven."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            raise Missing(f"{program} is missing: it needs Java {JAVA} or newer and Maven")
    version = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    number = re.search(r'version "(\d+)', version)
    if not number or int(number[1]) < JAVA:
        raise Missing(f"Java {JAVA} or newer is needed; this one says: {version.splitlines()[0] if version else 'nothing'}")


def keycloak():
    """The folder of a Keycloak that is built for an in-memory database."""
    java()
    home = bootstrap.TOOLS / f"keycloak-{KEYCLOAK}"
    stamp = stamp_in(home, KEYCLOAK_SHA256.encode())
    if stamp.holds():
        return home
    with bootstrap.stage(f"Keycloak {KEYCLOAK} (160 MB)"):
        archive = download(f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK}:zip", KEYCLOAK_SHA256)
        shutil.rmtree(home, ignore_errors=True)
        with zipfile.ZipFile(archive) as content:
            content.extractall(bootstrap.TOOLS)
        archive.unlink()
        script = home / "bin" / "kc.sh"
        script.chmod(script.stat().st_mode | 0o111)
        bootstrap.run([str(script), "build", "--db=dev-mem"], "Keycloak could not be built for an in-memory database")
        stamp.write()
    return home


def spring():
    """The runnable archive of our Spring Authorization Server."""
    java()
    source = HERE / "spring"
    place = bootstrap.TOOLS / "spring"
    jar = place / "target" / "provider.jar"
    files = sorted(path for path in source.rglob("*") if path.is_file())
    stamp = stamp_in(place, *(path.read_bytes() for path in files))
    if stamp.holds() and jar.is_file():
        return jar
    with bootstrap.stage("Spring Authorization Server"):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(source, place)
        bootstrap.run(["mvn", "-q", "-B", "-DskipTests", "package"], "the server could not be built", cwd=place)
        stamp.write()
    return jar


def stamp_in(folder, *inputs):
    """Beside what it speaks of: it outlives a new Python environment."""
    stamp = bootstrap.Stamp(folder.name, *inputs)
    stamp.path = folder / ".made-of"
    return stamp


def download(artifact, sha256):
    folder = bootstrap.TOOLS / "download"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["mvn", "-q", "-B", COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    # From another folder: Maven must not read a project of ours.
    bootstrap.run(command, f"Maven could not bring {artifact}", cwd=bootstrap.TOOLS)
    archive = bootstrap.one_of(folder.iterdir(), f"Maven brought no {artifact}")
    digest = digest_of(archive)
    if digest != sha256:
        raise bootstrap.Missing(f"{artifact} has the digest {digest}, not the one that is pinned")
    return archive


def digest_of(file):
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def node_modules():
    """What the drivers import: the packages of the demo."""
    bootstrap.link(HERE / "node_modules", bootstrap.NODE / "node_modules")

