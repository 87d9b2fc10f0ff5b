"""Words that people meet (reasons, statuses, facts of a message) are explained, all of them."""

from __future__ import annotations

import re

import msgspec

from tests.system.test_house_docs import ROOT, blocks
from uptop_core.outcomes import Reason
from uptop_leader.messages import Message
from uptop_leader.states import Status


def test_every_reason_is_explained() -> None:
    page = (ROOT / "docs/troubleshooting.md").read_text()
    chapter = page.partition("| reason |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \|", chapter, flags=re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"`(\w+)`", row)} == set(Reason)


def test_every_status_is_explained() -> None:
    chapter = (ROOT / "docs/judging.md").read_text().partition("## What the statuses mean")[2]
    rows = re.findall(r"^\| ([A-Z]+) \|", chapter.partition("\n## ")[0], flags=re.MULTILINE)
    assert set(rows) == set(Status)


def test_the_facts_of_a_message_are_documented() -> None:
    page = (ROOT / "docs/notifications.md").read_text()
    facts = {field.name for field in msgspec.structs.fields(Message)} | {"title", "body"}
    [example] = blocks(page, "json")
    assert msgspec.json.decode(example).keys() == facts
    chapter = page.partition("| variable |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \|", chapter, flags=re.MULTILINE)
    words = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert words == facts | {"since", "until", "duration"}
