"""What lifeboat snapshot reads in /etc: a router's own programs, limits, and lists of what no export shows."""

import subprocess

import pytest
from btrfs_top import ENV, LIFEBOAT, NEEDS, top

pytestmark = NEEDS

__all__ = ["top"]
OVER_ETC = 'mount --bind "$1" /etc && shift && exec "$@"'


@pytest.fixture
def etc(top, tmp_path):
    """run(*words) with this folder for /etc, which nobody else sees: (exit code, standard output, standard error)."""
    folder = tmp_path / "etc"
    folder.mkdir()

    def run(*words):
        done = subprocess.run(["unshare", "-m", "sh", "-c", OVER_ETC, "sh", folder, LIFEBOAT, "snapshot", "-d", top.folder, *map(str, words)],
                              env=ENV, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    run.folder = folder
    return run


def put(etc, name, content, mode=0o644):
    path = etc.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


# --- rollback.d

def test_hooks__of_both_folders__change_the_new_root_and_print_nothing_where_front_ends_read(top, etc):
    top.ok("create")
    mark = '#!/bin/sh\necho "from $0"; echo {} >>$1/etc/marked\n'
    put(etc, "lifeboat/rollback.d/10-ours", mark.format("third"), 0o755)
    put(etc, "schnapps/rollback.d/20-second", mark.format("second"), 0o755)
    put(etc, "schnapps/rollback.d/10-first", mark.format("first"), 0o755)
    put(etc, "schnapps/rollback.d/30-no-program", mark.format("never"))
    put(etc, "schnapps/rollback.d/40-fails", "#!/bin/sh\nexit 3\n", 0o755)
    code, out, said = etc("rollback", 1)
    assert (code, out) == (0, "Current state saved as snapshot number 2\nRolled back to snapshot 1\n")
    assert (top / "@/etc/marked").read_text() == "first\nsecond\nthird\n"
    assert "from /etc/schnapps/rollback.d/10-first\n" in said and "40-fails failed; the rollback goes on" in said
    assert not (top / "@1/etc/marked").exists() and not (top / "@2/etc/marked").exists()


# --- /etc/config/schnapps

LIMITS = "config keep 'keep'\n\toption max_single '1'\n\toption max_time '-1'\n\nconfig remote\n\toption max_time '0'\n"


def test_cleanup__limits_of_the_router__count_instead_of_the_presets(top, etc):
    for kind in ("single", "single", *["time"] * 6):
        top.ok("create", "-t", kind)
    put(etc, "config/schnapps", LIMITS)
    assert etc("cleanup") == (0, "Snapshot 1 deleted.\n", "")


@pytest.mark.parametrize("wrong", ["not UCI", "half a file", "too long", "directory"])
def test_cleanup__limits_that_cannot_be_read__deletes_nothing(top, etc, wrong):
    for kind in ("single", "single", *["time"] * 6):
        top.ok("create", "-t", kind)
    file = put(etc, "config/schnapps", {"not UCI": "max_time=9\n", "half a file": LIMITS + "config other 'x",
                                        "too long": LIMITS + "#" * 9000}.get(wrong, ""))
    if wrong == "directory":
        file.unlink()
        file.mkdir()
    code, out, said = etc("cleanup")
    assert (code, out) == (0, "") and "/etc/config/schnapps" in said and "; nothing is deleted by number" in said
    assert said.count("\n") == 1


# --- export

@pytest.fixture
def secrets(top):
    for name in ("etc/secret/key", "etc/shadow", "srv/wifi.conf", "srv/a key/x", "srv/kept", "etc/banner"):
        (top / "@" / name).parent.mkdir(parents=True, exist_ok=True)
        (top / "@" / name).write_text(name)


def exported(etc, tmp_path):
    """{path: content} of what tar finds in an export."""
    out, plain = tmp_path / "out", tmp_path / "plain"
    out.mkdir()
    plain.mkdir()
    code, _, said = etc("export", out)
    assert code == 0, said
    [file] = out.glob("*.tar.gz")
    subprocess.run(["tar", "-C", plain, "-xzf", file], check=True)
    return {str(p.relative_to(plain)): p.read_text() for p in plain.rglob("*") if p.is_file()}


@pytest.mark.parametrize("lists", [
    {"a": "./etc/secret\netc/shadow\n", "b": "*.conf\r\n\r\na key\n"},
    {"a": "etc/secret   \n./etc/shadow\t\n*.conf\na key"},
    {"a": "etc/s[eh]*\nsrv/[!k]*\n", ".hidden": "etc/banner\n"},
], ids=["two lists", "blanks at the end", "patterns"])
def test_export__lists_of_what_to_leave_out__leave_out_what_tar_would(top, etc, secrets, tmp_path, lists):
    for name, text in lists.items():
        put(etc, f"schnapps/export-exclude.d/{name}", text)
    files = exported(etc, tmp_path)
    assert sorted(files) == ["etc/banner", "etc/hostname", "srv/kept"]
    visible = [f"--exclude-from={etc.folder}/schnapps/export-exclude.d/{name}" for name in lists if name[0] != "."]
    listed = subprocess.run(f"tar -C {top / '@'} -c {' '.join(visible)} . | tar -t", shell=True, capture_output=True, text=True, check=True)
    assert sorted(files) == sorted(name[2:] for name in listed.stdout.splitlines() if not name.endswith("/"))


def test_export__overlay__is_put_on_top_whatever_the_lists_say(top, etc, secrets, tmp_path):
    put(etc, "schnapps/export-exclude.d/all", "etc/shadow\netc/secret\n")
    put(etc, "schnapps/export-overlay/etc/shadow", "root::0:0:99999:7:::\n")
    put(etc, "schnapps/export-overlay/etc/banner", "a backup\n")
    files = exported(etc, tmp_path)
    assert files["etc/shadow"] == "root::0:0:99999:7:::\n" and files["etc/banner"] == "a backup\n"
    assert "etc/secret/key" not in files and files["srv/kept"] == "srv/kept"


@pytest.mark.parametrize("wrong", ["a list is a directory", "a list is a link to nothing", "no directory of lists", "too many"])
def test_export__lists_that_cannot_be_read__exports_nothing(top, etc, secrets, tmp_path, wrong):
    lists = etc.folder / "schnapps/export-exclude.d"
    lists.parent.mkdir()
    match wrong:
        case "no directory of lists":
            lists.write_text("etc/shadow\n")
        case "a list is a directory":
            (lists / "a").mkdir(parents=True)
        case "a list is a link to nothing":
            lists.mkdir()
            (lists / "a").symlink_to("nothing")
        case "too many":
            put(etc, "schnapps/export-exclude.d/a", "etc/shadow\n" * 4000)
    out = tmp_path / "out"
    out.mkdir()
    code, printed, said = etc("export", out)
    assert (code, printed) == (111, "") and "/etc/schnapps/export-exclude.d" in said and "nothing is exported" in said, said
    assert list(out.iterdir()) == [] and top.names() == ["@", "@factory"]
