"""The commands of the documents: every line of every `sh` block, and why some are not run as they are."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/*/*.md")])
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

NOT_RUN = {
    r"python3 -m venv .*": "installs from the internet: CI does it",
    r"(/opt/uptop/bin/)?pip install .*": "installs from the internet: test_house_wheels.py installs wheels",
    r"hatch run \w+.*": "takes minutes; a test below sees that hatch.toml has the script",
    r"(cp|install|rm|systemctl) .*": "changes the system: test_deploy_systemd.py looks at the units",
    r"systemd-run .*": "needs systemd; the command in it is run elsewhere",
    r"docker compose .*": "needs a Docker engine: test_deploy_containers.py does what it would",
    r"kubectl .*": "needs a cluster: test_deploy_kubernetes.py validates the manifests",
    r"(pg_dump|pg_restore|psql) .*": "needs a PostgreSQL: test_backups.py has one",
    r"uptop-leader restore .*": "needs the leader stopped: test_backups.py stops it",
    r"UPTOP_DB_TYPE=postgres .*": "needs a PostgreSQL: test_several.py has one",
    r"uptop-tui": "needs a terminal: test_tui_journey.py has one",
    r"ssh -p .*": "needs a terminal: test_tui_over_ssh.py has one",
    r"uptop-leader apply --dry-run -f our.yaml": "needs the package of the page: test_house_extending.py",
}
"""Lines that are not run, by what they look like, and why."""


class Block(Struct, frozen=True):
    """A fenced block: where it stands, in which language, and what is in it."""

    document: str
    line: int
    language: str
    text: str


def every_block() -> list[Block]:
    """All blocks of all documents, in their order."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text()
        for match in _FENCED.finditer(text):
            indent, language, inner = match.groups()
            lines = "".join(line.removeprefix(indent) for line in inner.splitlines(True))
            name, at = str(path.relative_to(ROOT)), text.count("\n", 0, match.start()) + 1
            found.append(Block(name, at, language, lines))
    return found


def commands(block: Block) -> list[str]:
    """The lines of a block of the shell, continued ones as one, comments left out."""
    joined = re.sub(r" *\\\n\s*", " ", block.text)
    lines = (re.sub(r"\s+#( .*)?$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def is_walked_through(block: Block) -> bool:
    """Whether it is a step of `docs/clustering.md`, which test_clustering_page.py walks through."""
    return block.text.startswith("# on ")


def why_not_run(command: str) -> str:
    """Why a line is not run; empty if it is."""
    return next((why for form, why in NOT_RUN.items() if re.fullmatch(form, command)), "")
