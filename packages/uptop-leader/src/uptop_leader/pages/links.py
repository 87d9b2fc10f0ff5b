"""Where everything of the status page is: on a leader, and in a static copy. Pure."""

from __future__ import annotations

from msgspec import Struct


class Links(Struct, frozen=True, kw_only=True):
    """Addresses of pages: `/status/…` on a leader, and in a copy files beside each other, so that
    it works wherever it is put. `up` leads from a page of a copy to where the copy begins.
    """

    up: str = ""
    is_copy: bool = False
    version: str = ""
    """Changes with the files of /static, so that caches ask anew."""

    def beneath(self) -> Links:
        """The same from a page that lies a folder deeper."""
        return Links(up="../", is_copy=self.is_copy, version=self.version)

    @property
    def home(self) -> str:
        """The status page."""
        return f"{self.up}index.html" if self.is_copy else "/status"

    @property
    def history(self) -> str:
        """Everything that has happened."""
        return f"{self.up}history.html" if self.is_copy else "/status/history"

    @property
    def json(self) -> str:
        """The statuses for programs."""
        return f"{self.up}status.json" if self.is_copy else "/status/json"

    @property
    def atom(self) -> str:
        """The Atom feed."""
        return f"{self.up}feed.atom" if self.is_copy else "/status/feed.atom"

    @property
    def rss(self) -> str:
        """The RSS feed."""
        return f"{self.up}feed.rss" if self.is_copy else "/status/feed.rss"

    def incident(self, happening_id: str) -> str:
        """The page of something that has happened."""
        return self._page("incidents", happening_id)

    def monitor(self, monitor_id: str) -> str:
        """The page of a monitor."""
        return self._page("monitors", monitor_id)

    def static(self, name: str) -> str:
        """A file that pages use."""
        where = f"{self.up}static/" if self.is_copy else "/static/"
        return f"{where}{name}?v={self.version}" if self.version else f"{where}{name}"

    def _page(self, folder: str, name: str) -> str:
        return f"{self.up}{folder}/{name}.html" if self.is_copy else f"/status/{folder}/{name}"
