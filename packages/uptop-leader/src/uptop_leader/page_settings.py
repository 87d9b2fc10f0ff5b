"""Settings of what a leader shows the public: the status page, and who may read the metrics."""

from __future__ import annotations

from typing import Annotated

from uptop_core.forms import several, text
from uptop_core.settings import Setting
from uptop_leader import setting_forms
from uptop_leader.ground_settings import GroundSettings

PAGES = "Status page and metrics"


class PageSettings(GroundSettings, frozen=True, kw_only=True):
    """Status page and metrics, on top of the ground they are served from."""

    status_enabled: Annotated[bool, Setting(help="serve the status page", group=PAGES)] = False
    status_title: Annotated[str, Setting(help="title of the status page", group=PAGES)] = (
        "System Status"
    )
    status_regions: Annotated[
        bool,
        Setting(
            help="the status page shows regions: how each sees a service, and how fast it answers",
            group=PAGES,
        ),
    ] = False
    status_targets: Annotated[
        bool, Setting(help="the status page shows URLs and hosts of targets", group=PAGES)
    ] = False
    status_errors: Annotated[
        bool, Setting(help="the status page says why something is down", group=PAGES)
    ] = False
    status_hidden_tags: Annotated[
        tuple[str, ...],
        Setting(
            help="hide monitors and groups with one of these tags from the status page",
            group=PAGES,
            form=several(text()),
        ),
    ] = ()
    status_timezone: Annotated[
        str,
        Setting(
            help="time zone of the status page for readers without JavaScript; others see their own",
            group=PAGES,
            form=setting_forms.time_zone(),
        ),
    ] = "UTC"
    cors_origin: Annotated[
        str,
        Setting(
            help="origin whose pages may read /status/json", group=PAGES, form=setting_forms.ORIGIN
        ),
    ] = ""
    metrics_public: Annotated[
        bool, Setting(help="serve /metrics without a credential", group=PAGES)
    ] = False
