"""The examples of reverse proxies, started: HTTPS, streams that are not held back, who asked."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme

from tests.leader.running import TOKEN, Running
from tests.ports import free_port
from tests.system.test_house_docs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FOLDER = ROOT / "deploy/proxy"
NAME = "uptop.example.com"
_MAIN = """
pid {folder}/nginx.pid;
error_log stderr;
daemon off;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/uptop.conf;
}}
"""

pytestmark = pytest.mark.slow


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it was asked with."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(dict(self.headers.items())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def echo() -> Iterator[str]:
    """Where headers are told back: host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


class Proxied:
    """A proxy that runs: where it listens, and whom it can be believed by."""

    def __init__(self, folder: Path, certificates: trustme.CA) -> None:
        self.port, self.plain_port = free_port(), free_port()
        self._folder = folder
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        made = certificates.issue_cert(NAME)
        made.private_key_pem.write_to_path(self.key)
        for blob in made.cert_chain_pems:
            blob.write_to_path(self.certificate, append=True)
        self._trust = ssl.create_default_context()
        certificates.configure_trust(self._trust)

    def nginx(self, upstream: str) -> list[str]:
        """The example with ports, certificate and upstream of this test; how it is started."""
        text = (FOLDER / "nginx.conf").read_text()
        for old, new in (
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port} ssl http2;"),
            (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(self.certificate)),
            (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(self.key)),
            ("127.0.0.1:8080", upstream),
        ):
            assert old in text, old
            text = text.replace(old, new)
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
        (self._folder / "uptop.conf").write_text(text)
        main = self._folder / "nginx.conf"
        main.write_text(_MAIN.format(folder=self._folder))
        return ["nginx", "-e", "stderr", "-p", str(self._folder), "-c", str(main)]

    def caddy(self, upstream: str) -> list[str]:
        """As `nginx`."""
        text = (FOLDER / "Caddyfile").read_text()
        site = f"{NAME} {{\n"
        assert site in text
        assert "127.0.0.1:8080" in text
        text = text.replace("127.0.0.1:8080", upstream).replace(
            site, f"https://{NAME}:{self.port} {{\n\ttls {self.certificate} {self.key}\n"
        )
        options = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system {self._folder}\n}}\n"
        file = self._folder / "Caddyfile"
        file.write_text(options + text)
        return ["caddy", "run", "--adapter", "caddyfile", "--config", str(file)]

    def client(self) -> httpx.Client:
        """Speaks with it under its public name."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": NAME},
            verify=self._trust,
            trust_env=False,
            timeout=20,
        )

    def get(self, http: httpx.Client, path: str, **headers: str) -> httpx.Response:
        """One answer; the certificate is checked against the public name."""
        return http.get(path, headers=headers, extensions={"sni_hostname": NAME})


PROXIES: dict[str, Callable[[Proxied, str], list[str]]] = {
    "nginx": Proxied.nginx,
    "caddy": Proxied.caddy,
}


@pytest.fixture(params=sorted(PROXIES))
def kind(request: pytest.FixtureRequest) -> str:
    """The proxies that are here; CI installs nginx, so there its absence is a failure."""
    name = str(request.param)
    must = name == "nginx" and bool(os.environ.get("CI"))
    if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None and not must:
        pytest.skip(f"needs {name}")
    return name


@contextmanager
def proxied(kind: str, folder: Path, upstream: str) -> Iterator[Proxied]:
    """The example in front of `upstream`, until the block ends."""
    proxy = Proxied(folder, trustme.CA())
    command = PROXIES[kind](proxy, upstream)
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(folder)}
    log = folder / "proxy.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    try:
        deadline = time.monotonic() + 20
        while not listens(proxy.port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield proxy
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()


def test_a_leader_is_reached_by_https_and_its_events_come_at_once(
    kind: str, tmp_path: Path
) -> None:
    with Running(tmp_path) as leader:
        upstream = leader.url.removeprefix("http://")
        with proxied(kind, tmp_path, upstream) as proxy, proxy.client() as http:
            answer = proxy.get(http, "/api/health")
            assert answer.status_code == 200
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            with http.stream(
                "GET",
                "/api/v1/events",
                headers={"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"},
                extensions={"sni_hostname": NAME},
            ) as events:
                assert events.headers["content-type"].startswith("text/event-stream")
                first = next(events.iter_lines())  # which a proxy that collects would keep
                assert first == "event: hello"


def test_what_a_client_says_of_its_address_is_not_passed_on(kind: str, tmp_path: Path) -> None:
    with (
        echo() as upstream,
        proxied(kind, tmp_path, upstream) as proxy,
        proxy.client() as http,
    ):
        lie = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher"}
        seen = {name.lower(): value for name, value in proxy.get(http, "/", **lie).json().items()}
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["host"] == NAME


def test_nginx_sends_plain_requests_to_https(tmp_path: Path) -> None:
    if shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        pytest.skip("needs nginx")
    with echo() as upstream, proxied("nginx", tmp_path, upstream) as proxy:
        url = f"http://127.0.0.1:{proxy.plain_port}/status"
        answer = httpx.get(url, headers={"Host": NAME}, trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (301, f"https://{NAME}/status")
