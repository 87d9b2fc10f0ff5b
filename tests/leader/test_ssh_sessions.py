"""The terminal UI over SSH, by a real client: who gets in, what they see, and what is refused."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import anyio
import asyncssh
import pytest
from asyncssh.packet import Boolean, String, UInt32

from tests.leader.far_screens import housed, new_key, public
from tests.leader.helms import api, hook
from tests.system.waiting import until
from uptop_leader.ssh.door import SPARE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

ADMIN, VIEWER = new_key("root@laptop"), new_key("viewer@laptop")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """An authorized_keys file with the viewer's key."""
    path = tmp_path / "authorized_keys"
    path.write_text(f"# people\n{public(VIEWER)}\n")
    return path


async def test_the_app_is_shown_and_is_live(tmp_path: Path) -> None:
    async with housed(tmp_path, api("shop"), hook(), admin_key=public(ADMIN)) as house:
        await house.desk.helm.register("p", region="eu")
        async with house.looking(ADMIN) as screen:
            await screen.sees("PENDING")
            await screen.sees("shop")
            await house.desk.ask("POST", "/pause", {"monitors": ["shop"]})
            await screen.sees("PAUSED")
            assert house.passes.count == 1
            screen.type("q")
            assert await screen.ends() == (0, "")
        await until("no pass is left", lambda: house.passes.count == 0, 5)
    assert screen.raw.rstrip().endswith(b"\x1b[?1049l\x1b[?25h")  # as it was before


async def test_a_key_acts_in_the_role_of_its_user(tmp_path: Path, keys: Path) -> None:
    async with (
        housed(tmp_path, api("shop"), hook(), admin_key=public(ADMIN), keys=keys) as house,
        house.looking(VIEWER) as screen,
    ):
        await screen.sees("live")
        screen.type("0")
        await screen.sees("viewer, viewer")
        async with house.looking(ADMIN) as another:
            await another.sees("live")
            another.type("0")
            await another.sees("admin, admin")


async def test_a_node_that_copies_shows_all_and_says_where_it_is_changed(tmp_path: Path) -> None:
    leader = "https://leader.example.com"
    async with (
        housed(tmp_path, api("shop"), hook(), admin_key=public(ADMIN), copied_from=leader) as house,
        house.looking(ADMIN, size=(160, 40)) as screen,
    ):
        await screen.sees("shop")
        screen.type("9")
        await screen.sees("Users and tokens")
        screen.type("a")
        await screen.sees("who it is, such as ada")
        screen.type("grace\x13")
        await screen.sees(f"what it copies is changed at the leader: {leader}")
        assert "grace" not in {user.name for user in house.desk.helm.store.people.users()}


async def test_a_key_that_is_nobodys_is_refused(tmp_path: Path, keys: Path) -> None:
    async with housed(tmp_path, keys=keys) as house:
        with pytest.raises(asyncssh.PermissionDenied):
            async with house.connected(new_key("viewer@laptop")):
                pass


async def test_who_tries_key_after_key_is_not_listened_to_any_more(
    tmp_path: Path, keys: Path
) -> None:
    async with housed(tmp_path, keys=keys) as house:
        guesses = [new_key("guess") for _ in range(10)]
        with pytest.raises(asyncssh.PermissionDenied):
            async with house.connected(*guesses, VIEWER):
                pass
        async with house.connected(*guesses[:5], VIEWER):
            pass


async def test_keys_are_the_only_way_in(tmp_path: Path, keys: Path) -> None:
    async with housed(tmp_path, keys=keys) as house:
        ways = await asyncssh.get_server_auth_methods("127.0.0.1", house.port, username="viewer")
    assert ways == ["publickey"]


async def test_nothing_but_the_app_is_opened(tmp_path: Path) -> None:
    async with (
        housed(tmp_path, admin_key=public(ADMIN)) as house,
        house.connected(ADMIN) as connection,
    ):
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process("id", term_type="xterm")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.start_sftp_client()
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", house.port)
        with pytest.raises((asyncssh.ChannelListenError, asyncssh.ChannelOpenError)):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", house.port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/tmp/x")


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        (b"auth-agent-req@openssh.com", ()),
        (b"x11-req", (Boolean(False), String("MIT-MAGIC-COOKIE-1"), String("5e" * 16), UInt32(0))),
    ],
)
async def test_neither_agent_nor_display_is_forwarded(
    tmp_path: Path, asked: bytes, more: tuple[bytes, ...]
) -> None:
    async with (
        housed(tmp_path, admin_key=public(ADMIN)) as house,
        house.looking(ADMIN) as screen,
    ):
        await screen.sees("live")
        ask = screen.process.channel._make_request  # its public ways ask without hearing the answer
        assert await ask(asked, *more) is False
        screen.type("q")
        assert await screen.ends() == (0, "")


async def test_without_a_terminal_it_says_what_it_is(tmp_path: Path) -> None:
    async with (
        housed(tmp_path, admin_key=public(ADMIN)) as house,
        house.connected(ADMIN) as connection,
    ):
        done = await connection.run()
        assert done.exit_status == 1
        assert "this is for a terminal" in str(done.stderr)


async def test_it_fits_the_terminal_and_follows_its_size(tmp_path: Path) -> None:
    async with (
        housed(tmp_path, admin_key=public(ADMIN)) as house,
        house.looking(ADMIN, size=(80, 24)) as screen,
    ):
        await screen.sees("nothing is watched yet")
        screen.forget()
        screen.process.change_terminal_size(150, 50)
        await until("drawn at the foot", lambda: b"\x1b[50;1H" in screen.raw, 5)


async def test_there_is_room_for_so_many_only(tmp_path: Path) -> None:
    async with housed(tmp_path, admin_key=public(ADMIN), ssh_sessions=1) as house:
        async with house.looking(ADMIN) as screen:
            await screen.sees("live")
            async with house.looking(ADMIN) as another:
                code, last = await another.ends()
                assert code == 1
                assert "1 sessions are open already" in last
        async with house.looking(ADMIN) as screen:
            await screen.sees("live")


async def test_a_session_in_which_nothing_is_typed_ends(tmp_path: Path) -> None:
    async with (
        housed(tmp_path, admin_key=public(ADMIN), ssh_idle=1.0) as house,
        house.looking(ADMIN) as screen,
    ):
        code, last = await screen.ends()
        assert code == 0
        assert last == "uptop: closed, since nothing was typed for 1s\r\n"


async def test_a_leader_that_stops_closes_what_is_open(tmp_path: Path) -> None:
    async with (
        anyio.create_task_group() as tasks,
        housed(tmp_path, admin_key=public(ADMIN)) as house,
    ):
        begun, ended = anyio.Event(), anyio.Event()

        async def look() -> None:
            async with house.looking(ADMIN) as screen:
                await screen.sees("live")
                begun.set()
                _, last = await screen.ends()
                assert last == "uptop: the leader stops\r\n"
                assert b"\x1b[?1049l" in screen.raw
                ended.set()

        tasks.start_soon(look)
        with anyio.fail_after(10):
            await begun.wait()
    assert ended.is_set()


async def test_who_sends_more_than_anybody_types_is_read_slowly(tmp_path: Path) -> None:
    async with (
        housed(tmp_path, admin_key=public(ADMIN)) as house,
        house.looking(ADMIN) as screen,
    ):
        await screen.sees("live")
        screen.type("j" * 4_000_000)
        with anyio.move_on_after(1.0) as waits:
            await screen.process.stdin.drain()
        assert waits.cancelled_caught, "all of it was taken at once"
        async with house.looking(ADMIN) as another:
            await another.sees("live")


async def test_who_only_connects_keeps_nobody_out(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(
            housed(tmp_path, admin_key=public(ADMIN), ssh_sessions=1)
        )
        for _ in range(2 * SPARE + 2):
            idle = await anyio.connect_tcp("127.0.0.1", house.port, local_host="127.0.0.2")
            await stack.enter_async_context(idle)
        async with house.looking(ADMIN) as screen:
            await screen.sees("live")
