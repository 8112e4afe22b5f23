"""lifeboat fetch, from an https server on this machine that breaks off, changes its mind, and lies."""

import gzip
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import firmware
import pytest
from https import File, Server, certificate

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
LONG = bool(os.environ.get("LIFEBOAT_LONG"))
OK, NO, DAMAGED, BOARD, SIGNATURE, OLD, USAGE = 0, 1, 2, 4, 5, 6, 100

pytestmark = [
    pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built"),
    pytest.mark.skipif(not shutil.which("curl", path="/usr/sbin:/usr/bin:/sbin:/bin"), reason="curl is not installed"),
]


class Shop:
    """The server, and a device with a board file that asks it."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "keys").mkdir()
        (folder / "here").mkdir()
        self.key = firmware.Key(folder, "release", "0123456789abcdef")
        (folder / "keys/0123456789abcdef").write_bytes(self.key.public())
        self.board()
        certificate(folder, "IP:127.0.0.1")
        self.server = Server(socket.create_server(("127.0.0.1", 0)), folder)
        self.url = f"https://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.end()

    def board(self, text=""):
        (self.folder / "board.conf").write_text(f'id = "acme,r1"\nimage {{ keys = "{self.folder}/keys"\n{text}\n}}\n')

    def sell(self, data, name="/image.bin", signed=None):
        self.server.files[name] = File(data)
        if signed is not False:
            self.server.files[f"{name}.sig"] = File(self.key.sign_data(data if signed is None else signed))
        return self.server.files[name]

    def argv(self, path="/image.bin", to="image.bin", program=LIFEBOAT, cacert=True, url=None):
        argv = [program, "fetch", "--board", self.folder / "board.conf"]
        argv += ["--cacert", self.folder / "tls.crt"] if cacert else []
        return [*argv, url or self.url + path, self.folder / "here" / to]

    def fetch(self, *what, **how):
        done = subprocess.run(self.argv(*what, **how), capture_output=True, text=True, timeout=120)
        return done.returncode, done.stderr

    def here(self):
        return sorted(path.name for path in (self.folder / "here").iterdir())

    def ranges(self, name="/image.bin"):
        return [asked[1] for asked in self.server.asked if asked[0] == name]


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def image():
    return firmware.metadata(firmware.sysupgrade(), ["acme,r1"], version="24.10.0")


def test_fetch__signed_image_of_this_board__is_kept_with_its_signature(shop, image):
    shop.sell(image)
    assert shop.fetch() == (OK, "")
    assert shop.here() == ["image.bin", "image.bin.sig"]
    assert (shop.folder / "here/image.bin").read_bytes() == image
    assert shop.server.asked[0][0] == "/image.bin.sig", "what is small and needed comes first"


def test_fetch__server_breaks_off_in_the_middle__goes_on_from_there(shop, image):
    shop.sell(image).breaks = [50000, 60000]
    code, said = shop.fetch()
    assert code == OK, said
    assert (shop.folder / "here/image.bin").read_bytes() == image
    assert shop.ranges() == [None, "bytes=50000-", "bytes=110000-"]
    assert said.count("broke off in the middle: trying again from byte ") == 2


def test_fetch__file_changed_meanwhile__is_begun_again_and_never_glued(shop, image):
    new = firmware.metadata(firmware.sysupgrade(root=b"next" * 50000), ["acme,r1"], version="24.10.1")
    file = shop.sell(image)
    file.breaks, file.then = [50000], File(new, tag='"two"')
    shop.server.files["/image.bin.sig"] = File(shop.key.sign_data(new))
    code, said = shop.fetch()
    assert code == OK, said
    assert (shop.folder / "here/image.bin").read_bytes() == new
    assert "has changed since it was begun" in said


def test_fetch__server_that_names_no_tag__is_asked_for_all_of_it_again(shop, image):
    file = shop.sell(image)
    file.breaks, file.tag = [50000], None
    assert shop.fetch()[0] == OK
    assert shop.ranges() == [None, None]
    assert (shop.folder / "here/image.bin").read_bytes() == image


@pytest.mark.skipif(not LONG, reason="half a minute of waiting: LIFEBOAT_LONG=1")
def test_fetch__server_that_stays_away__is_given_up_with_a_reason(shop):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    code, said = shop.fetch(url=f"https://127.0.0.1:{port}/image.bin")
    assert code == NO
    assert said.count("does not answer: trying again") == 5
    assert said.splitlines()[-1].endswith("/image.bin.sig does not answer")


@pytest.mark.parametrize("file, words", [
    (".", "is a folder: name a file in it"),
    ("not-there/image.bin", "nothing can be put beside not-there/image.bin: its folder is not there"),
])
def test_fetch__place_where_no_file_can_be__is_said_before_anybody_is_asked(tmp_path, file, words):
    (tmp_path / "b.conf").write_text("")
    done = subprocess.run([LIFEBOAT, "fetch", "--board", "b.conf", "https://no-such-host.invalid/i.bin", file], cwd=tmp_path,
                          capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and words in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["b.conf"]


@pytest.mark.parametrize("case, code, words", [
    ("no-signature", NO, "image.bin.sig is not there: the server has no such file"),
    ("wrong-signature", SIGNATURE, "its signature by key 0123456789abcdef is wrong"),
    ("older", OLD, "it is version 24.10.0, and this board takes 24.10.5 and later only"),
    ("damaged", DAMAGED, "the checksum at its end is wrong"),
    ("damaged-by-another", SIGNATURE, "its signature by key 0123456789abcdef is wrong"),
    ("no-image", NO, "image.bin is not there: the server has no such file"),
    ("other-board", BOARD, "it is for other,r2, and this board is acme,r1"),
])
def test_fetch__what_this_board_does_not_take__is_told_and_not_kept(shop, image, case, code, words):
    if case == "older":
        shop.board('min_version = "24.10.5"')
    bad = bytearray(image)
    bad[1000] ^= 1
    other = firmware.metadata(firmware.sysupgrade("other_r2"), ["other,r2"])
    data = {"damaged": bytes(bad), "damaged-by-another": bytes(bad), "other-board": other}.get(case, image)
    shop.sell(data, signed={"no-signature": False, "wrong-signature": b"another", "damaged-by-another": image}.get(case))
    if case == "no-image":
        del shop.server.files["/image.bin"]
    found, said = shop.fetch()
    assert (found, shop.here()) == (code, []), said
    assert words in said
    assert "Traceback" not in said and len(said.splitlines()) <= (2 if case == "damaged" else 1), said


def test_fetch__board_that_wants_no_signature__still_wants_one_from_the_network(shop, image):
    shop.board('signature_network = "if-there"')
    shop.sell(image, signed=False)
    assert shop.fetch()[0] == NO
    shop.server.files["/image.bin.sig"] = File(b"no signature\n")
    assert shop.fetch()[0] == SIGNATURE
    assert shop.here() == []


def test_fetch__certificate_of_a_stranger__is_refused(shop, image):
    shop.sell(image)
    code, said = shop.fetch(cacert=False)
    assert (code, shop.here()) == (NO, [])
    assert "has a certificate that is not trusted here" in said
    assert shop.server.asked == []


def test_fetch__clock_before_the_firmware_was_built__relies_on_the_signature_and_says_so(shop, image):
    program = shop.folder / "lifeboat"
    shutil.copy(LIFEBOAT, program)
    os.utime(program, (2 ** 32, 2 ** 32))
    shop.sell(image)
    code, said = shop.fetch(cacert=False, program=program)
    assert (code, shop.here()) == (OK, ["image.bin", "image.bin.sig"])
    assert "certificate is not checked, only the signature of the image" in said
    shop.sell(image, signed=b"another")
    assert shop.fetch(cacert=False, program=program)[0] == SIGNATURE


def test_fetch__redirection__is_followed_over_https_only(shop, image):
    shop.sell(image)
    shop.server.moved = {"/moved": f"{shop.url}/image.bin", "/moved.sig": f"{shop.url}/image.bin.sig",
                         "/plain.sig": f"http{shop.url.removeprefix('https')}/image.bin.sig"}
    assert shop.fetch("/moved")[0] == OK
    code, said = shop.fetch("/plain")
    assert code == NO and "cannot be fetched" in said
    code, said = shop.fetch(url="http://127.0.0.1/image.bin")
    assert code == USAGE and "must start with https://" in said


@pytest.mark.parametrize("says_length", [True, False])
def test_fetch__signature_without_an_end__fills_no_disk(shop, image, says_length):
    shop.sell(image)
    shop.server.files["/image.bin.sig"].data = b"x" * (1 << 20)
    shop.server.files["/image.bin.sig"].length = says_length
    code, said = shop.fetch()
    assert (code, shop.here()) == (NO, [])
    assert "does not fit into the room that is free here" in said


def test_fetch__address_with_a_question_mark__has_the_signature_beside_the_name(shop, image):
    shop.sell(image, "/image.bin?from=a/b")
    shop.server.files["/image.bin.sig?from=a/b"] = shop.server.files.pop("/image.bin?from=a/b.sig")
    assert shop.fetch("/image.bin?from=a/b") == (OK, "")


@pytest.mark.parametrize("name", ["/image.bin", "/image.bin.sig"])
def test_fetch__head_without_an_end__is_left_at_once_and_fills_no_memory(shop, image, name):
    shop.sell(image)
    shop.server.files[name].head = "endless"
    code, said = shop.fetch()
    assert (code, shop.here()) == (NO, [])
    assert said.endswith(f"{name} has a head without an end in front of it: the server means no good\n")
    assert shop.ranges(name) == [None], "it is not asked again"


def children(pid):
    """Command lines of what a process has started."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0") for child in pids]


def test_fetch__server_that_sends_drop_by_drop__has_an_hour(shop, image):
    file = shop.sell(image)
    file.held = threading.Event()
    with subprocess.Popen(shop.argv(), stderr=subprocess.PIPE, text=True) as fetch:
        shop.server.wait_asked(fetch, 2)
        [curl] = children(fetch.pid)
        file.held.set()
        assert fetch.wait(60) == OK, fetch.stderr.read()
    assert 3000 < int(curl[curl.index("--max-time") + 1]) <= 3600


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_fetch__ended_by_who_asked__leaves_nothing(shop, image, how):
    file = shop.sell(image)
    file.held = threading.Event()
    with subprocess.Popen(shop.argv(), stderr=subprocess.PIPE, text=True) as fetch:
        shop.server.wait_asked(fetch, 2)
        fetch.send_signal(how)
        assert fetch.wait(60) == -how
        file.held.set()
    assert shop.here() == []


def test_fetch__damaged_archive__says_one_sentence(shop):
    made = bytearray(gzip.compress(bytes(range(256)) * 400))
    made[len(made) // 2] ^= 1
    shop.sell(bytes(made), "/r1-medkit-latest.tar.gz")
    code, said = shop.fetch("/r1-medkit-latest.tar.gz")
    assert (code, said.count("is not kept")) == (DAMAGED, 1), said


@pytest.mark.skipif(not LONG, reason="minutes of waiting: LIFEBOAT_LONG=1")
def test_fetch__head_that_comes_byte_by_byte__is_given_up(shop, image):
    shop.sell(image).head = "slow"
    done = subprocess.run(shop.argv(), capture_output=True, text=True, timeout=600)
    assert (done.returncode, shop.here()) == (NO, [])
    assert done.stderr.endswith("/image.bin took too long: the server does not send\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_fetch__less_room_than_the_image_takes__is_refused_before_it_is_full(shop, image):
    here = shop.folder / "here"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", here], check=True)
    try:
        shop.sell(image)
        code, said = shop.fetch()
        assert (code, shop.here()) == (NO, [])
        assert "image.bin does not fit into the room that is free here" in said
    finally:
        subprocess.run(["umount", here], check=True)
