"""In rescue, a disk image from a stick onto the router's own disk, through a pipe: what the owner has beside it stays."""

import gzip
import json
import os
import random
import subprocess

import lab
from lab import NO_WINDOW, wait_until

MIB = 1 << 20
SMALL = "mem=96M"  # so that the image is larger than half of what is free


def file_system(path, content):
    """An ext4 of 8 MiB with the file "mine"."""
    tree = path.with_suffix(".tree")
    tree.mkdir()
    (tree / "mine").write_bytes(content)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    subprocess.run(["mkfs.ext4", "-q", "-d", tree, path, "8M"], check=True, env=env)
    return path.read_bytes()


def test_rescue__disk_image_through_a_pipe__new_system_and_the_owner_s_partition_stays(bench, tmp_path):
    # Its root has grown to as much as the owner liked
    router = bench(NO_WINDOW, overlay=64, parts=(("mine", 8),), network=False)
    start, _ = router.partition("mine")
    root, _ = router.partition("rootfs")
    router.damage(0, file_system(tmp_path / "mine.img", b"of the owner\n"), area=start)
    # Another system of the same board; nothing of it can be packed, so that the pipe is long
    ballast = random.Random(1).randbytes(24 * MIB)
    new = lab.images(lab.board_file(NO_WINDOW), overlay=16, squashfs_extra=(("etc/release-of", "new\n"), ("usr/share/ballast", ballast)))
    stick, packed = tmp_path / "stick.img", gzip.compress(new.disk.read_bytes(), 1)
    stick.write_bytes(packed.ljust((len(packed) + MIB) // MIB * MIB, b"\0"))

    router.damage(0, bytes(4096), area=root)
    router.power_on(SMALL)
    router.says(r"^- rescue -\r?$", timeout=60)
    router.shell()
    router.usb_plug(stick)
    wait_until(lambda: router.sh("ls /sys/class/block | grep -c sda || true") != "0", what="the stick")
    said = router.sh(f"head -c {len(packed)} /dev/sda | lifeboat install --json --force --disk /dev/vda - 2>/dev/null", timeout=300)
    told = json.loads(said)
    assert (told["end"], told["streamed"]) == ("done", True), told
    router.power_cut("kill")

    router.to_up(login=True, append=SMALL)
    assert router.sh("cat /etc/release-of") == "new"
    node = router.sh("grep -l PARTNAME=mine /sys/class/block/vda*/uevent").split("/")[4]
    router.sh(f"mkdir /tmp/mine && mount -o ro /dev/{node} /tmp/mine")
    assert router.sh("cat /tmp/mine/mine") == "of the owner"
    assert "install" in router.sh("lifeboat log")
