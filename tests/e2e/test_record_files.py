"""The recovery record as two files on a file system, for a board that can write nowhere else."""

import json
import subprocess

import lab

IN_FILES = {'record = "PARTLABEL=lifeboat"': 'record = "PARTLABEL=data:/images/record"'}


def test_record__in_two_files__outlasts_cuts_one_damaged_copy_and_is_nowhere_mounted(tmp_path):
    with lab.Bench(lab.NO_WINDOW, IN_FILES, parts=(("data", "file"),), recorder=True, network=False) as r:
        for boot in (1, 2):
            r.to_up(login=True)
            assert json.loads(r.sh("lifeboat log --json"))["boot_count"] == boot
            assert "/run/lifeboat/record" not in r.sh("cat /proc/mounts")
            r.power_cut("lose")  # what was not flushed is gone; the record was

        start, size = r.partition("data")
        fs = tmp_path / "data.ext4"
        with open(r.disk, "rb") as disk:
            disk.seek(start)
            fs.write_bytes(disk.read(size))
        subprocess.run(["e2fsck", "-fy", str(fs)], stdout=subprocess.DEVNULL, check=False)  # replays the journal
        found = []
        for copy in (0, 1):
            said = subprocess.run(["debugfs", "-R", f"dump /images/record.{copy} {tmp_path}/copy-{copy}", str(fs)],
                                  capture_output=True, text=True, check=True)
            found.append((tmp_path / f"copy-{copy}").read_bytes())
            assert len(found[-1]) == 16384 and found[-1].startswith(b"LBRECORD"), said.stderr
        assert found[0] != found[1]
