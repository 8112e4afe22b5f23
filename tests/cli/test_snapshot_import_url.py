"""lifeboat snapshot import -f https://..., on a real btrfs in a file, from an https server on this machine."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import threading

import firmware
import pytest
from https import File, Server, certificate
from test_snapshot import ENV, LIFEBOAT, medkit, pytestmark, sh, top  # noqa: F401  fixtures

KEY_ID = "0123456789abcdef"
NAME = "mox-medkit-latest.tar.gz"
pytestmark = [*pytestmark,
              pytest.mark.skipif(not shutil.which("curl", path="/usr/sbin:/usr/bin:/sbin:/bin"), reason="curl is not installed")]


class Shop:
    """The maker's server, whose certificate the authorities of this system vouch for, or do not."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "keys").mkdir(parents=True)
        self.key = firmware.Key(folder, "maker", KEY_ID)
        (folder / "keys" / KEY_ID).write_bytes(self.key.public())
        self.board()
        certificate(folder, "IP:127.0.0.1")
        self.server = Server(socket.create_server(("127.0.0.1", 0)), folder)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        self.trusted = folder / "tls.crt"

    def board(self, image=""):
        (self.folder / "board.conf").write_text(
            f'id = "cznic,turris-mox"\nimage {{\n\tnames = {{"mox"}}\n\tkeys = "{self.folder}/keys"\n\t{image}\n}}\n')

    def sell(self, data, name=NAME, signed=None):
        self.server.files[f"/{name}"] = File(data)
        self.server.files[f"/{name}.sig"] = File(self.key.sign_data(data if signed is None else signed))

    def begin(self, top, what=NAME, *before):
        """import -f; curl takes the authorities of the system from where this variable says, if it is set."""
        ends = "--default-signal=INT,HUP"  # the tests may have been started with nohup
        return subprocess.Popen(["env", ends, *before, LIFEBOAT, "snapshot", "-d", top.folder, "import", "-f", "--board", self.folder / "board.conf",
                                 f"{self.url}/{what}"], env=dict(ENV, SSL_CERT_FILE=str(self.trusted), CURL_CA_BUNDLE=str(self.trusted)),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def bring(self, top, what=NAME):
        with self.begin(top, what) as run:
            said, wrong = run.communicate(timeout=120)
        return subprocess.CompletedProcess(run.args, run.returncode, said, wrong)


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path / "shop")
    yield made
    made.server.end()


def left_in_tmp():
    return sorted(name for name in os.listdir("/tmp") if name.startswith("lifeboat-import-"))


def test_import__of_a_signed_medkit_from_an_address__is_the_new_factory_state(top, shop, medkit):  # noqa: F811
    before = left_in_tmp()
    shop.sell(medkit.read_bytes())
    shop.server.files[f"/{NAME}"].breaks = [100]
    done = shop.bring(top)
    assert (done.returncode, done.stdout) == (0, "Factory state imported\n"), done.stderr
    assert "trying again from byte 100" in done.stderr
    assert top.ok("factory-version") == "7.2\n" and (top / "@factory/etc/hostname").read_text() == "new"
    assert top.names() == ["@", "@factory"]
    assert left_in_tmp() == before
    shop.sell(medkit.read_bytes(), f"{NAME}?from=a/b")
    shop.server.files[f"/{NAME}.sig?from=a/b"] = shop.server.files.pop(f"/{NAME}?from=a/b.sig")
    assert shop.bring(top, f"{NAME}?from=a/b").returncode == 0


def test_import__from_an_address_and_ctrl_c__leaves_nothing(top, shop, medkit):  # noqa: F811
    before, names = left_in_tmp(), top.names()
    shop.sell(medkit.read_bytes())
    shop.server.files[f"/{NAME}"].held = threading.Event()
    with shop.begin(top) as run:
        shop.server.wait_asked(run, 2)
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(60) != 0
        shop.server.files[f"/{NAME}"].held.set()
    assert (left_in_tmp(), top.names()) == (before, names)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_import__from_an_address_and_ended_after_the_download__leaves_nothing(top, shop, medkit, number):  # noqa: F811
    before, names = left_in_tmp(), top.names()
    shop.sell(medkit.read_bytes())
    fd = os.open(top.folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    with shop.begin(top) as run:
        while "waiting for another program" not in (line := run.stderr.readline()):
            assert line, run.wait(60)
        assert left_in_tmp() != before
        os.kill(run.pid, number)
        assert run.wait(60) == -number
    os.close(fd)
    assert (left_in_tmp(), top.names()) == (before, names)


def test_import__from_an_address_and_ended_alone__ends_the_download_too(top, shop, medkit):  # noqa: F811
    """Not the whole group, as a keyboard does: a service manager, or kill(1)."""
    before, names = left_in_tmp(), top.names()
    shop.sell(medkit.read_bytes())
    shop.server.files[f"/{NAME}"].held = threading.Event()
    with shop.begin(top) as run:
        shop.server.wait_asked(run, 2)
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait(60) == -signal.SIGTERM
        assert left_in_tmp() == before
        shop.server.files[f"/{NAME}"].held.set()
    assert (left_in_tmp(), top.names()) == (before, names)


def test_import__from_an_address_under_nohup__goes_on_when_the_line_is_gone(top, shop, medkit):  # noqa: F811
    shop.sell(medkit.read_bytes())
    shop.server.files[f"/{NAME}"].held = threading.Event()
    with shop.begin(top, NAME, "nohup") as run:
        shop.server.wait_asked(run, 2)
        os.killpg(run.pid, signal.SIGHUP)
        shop.server.files[f"/{NAME}"].held.set()
        assert run.wait(60) == 0, run.stderr.read()
    assert top.ok("factory-version") == "7.2\n"


@pytest.mark.parametrize("case, words", [
    ("no-signature", f"{NAME}.sig is not there: the server has no such file"),
    ("wrong-signature", f"its signature by key {KEY_ID} is wrong"),
    ("older", "it is version 7.2, and this board takes 8.0 and later only"),
    ("damaged", "it is damaged: "),
    ("other-board", "it is for omnia, and this board is "),
    ("no-medkit", "the factory state stays as it is: "),
    ("stranger", "has a certificate that is not trusted here"),
    ("gone", f"{NAME} is not there: the server has no such file"),
])
def test_import__from_an_address_of_what_this_board_does_not_take__leaves_the_factory_state(top, shop, medkit, case, words):  # noqa: F811
    before = left_in_tmp()
    ids, name, data = sh("btrfs", "subvolume", "list", top.folder), NAME, medkit.read_bytes()
    shop.board({"older": 'min_version = "8.0"', "no-signature": 'signature_network = "if-there"'}.get(case, ""))
    if case == "damaged":
        data = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    if case == "no-medkit":
        data = firmware.metadata(firmware.sysupgrade(), ["cznic,turris-mox"])
    if case == "other-board":
        name = NAME.replace("mox", "omnia")
    shop.sell(data, name, signed=b"another" if case == "wrong-signature" else None)
    if case in ("no-signature", "gone"):
        del shop.server.files[f"/{name}" + (".sig" if case == "no-signature" else "")]
    if case == "stranger":
        shop.trusted = "/etc/ssl/certs/ca-certificates.crt"
    done = shop.bring(top, name)
    assert (done.returncode, done.stdout) == (1, ""), done
    print(done.stderr)
    assert words in done.stderr and "Traceback" not in done.stderr
    assert sh("btrfs", "subvolume", "list", top.folder) == ids and left_in_tmp() == before


def test_import__from_an_address_without_a_name__is_told_in_one_line(top, shop):  # noqa: F811
    done = shop.bring(top, "")
    assert (done.returncode, done.stderr.count("\n")) == (100, 1), done
    assert shop.server.asked == []
