"""The terminal UI's settings: which leader, and with which token."""

from __future__ import annotations

from typing import Annotated

from uptop_core.forms import url
from uptop_core.settings import Setting, Settings

GROUP = "Terminal UI"


class TuiSettings(Settings, frozen=True, kw_only=True):
    """Where the leader is; without a URL the one that is kept and was used last."""

    url: Annotated[
        str, Setting(help="the leader's URL, for uptop-tui (flag --url)", group=GROUP, form=url())
    ] = ""
    token: Annotated[
        str,
        Setting(help="an API token, for uptop-tui (flag --token-file)", group=GROUP, secret=True),
    ] = ""
