"""Debian's own systemd as the init of the router's root: PID 1, its units for starting and stopping, and nothing else of it."""

import functools
import stat

from lab import ROOT  # noqa: F401  puts vrouter on the path
from vrouter.images import packages
from vrouter.images.tree import Tree

PACKAGES = [
    "systemd", "libsystemd-shared", "libacl1", "libapparmor1", "libaudit1", "libblkid1", "libc6", "libcap-ng0", "libcap2", "libcrypt1", "libgcrypt20",
    "libgpg-error0", "libip4tc2", "libkmod2", "liblz4-1", "liblzma5", "libmount1", "libpam0g", "libpcre2-8-0", "libseccomp2",
    "libselinux1", "libssl3", "libuuid1", "libzstd1",
]
PROGRAMS = ["lib/systemd/systemd", "lib/systemd/systemd-shutdown", "bin/systemctl"]
INIT = "/lib/systemd/systemd"
# systemd closes what it does not know, so it cannot be handed an open watchdog
BOARD = {'init = "/sbin/init"': f'init = "{INIT}"', 'handover = "keep"': 'handover = "disarm"'}

SERVICE = """[Unit]
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target
{unit}
[Service]
{service}
"""
FILES = {
    "etc/machine-id": "4f0c1d6e8a2b4c7d9e1f3a5b7c9d0e2f\n",
    # No journal here: what services say goes to the console
    "etc/systemd/system.conf": "[Manager]\nDefaultStandardOutput=tty\nDefaultStandardError=tty\n"
                               "RuntimeWatchdogSec=30\nRebootWatchdogSec=60\nShowStatus=no\n",
    "etc/systemd/system/default.target": "[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=rc.service login.service\n",
    "etc/systemd/system/rc.service": SERVICE.format(
        unit="", service="Type=oneshot\nRemainAfterExit=yes\nExecStart=/etc/init.d/rcS\nEnvironment=PATH=/sbin:/bin"),
    "etc/systemd/system/login.service": SERVICE.format(
        unit="After=rc.service", service="ExecStart=/sbin/console-login\nRestart=always\nRestartSec=0\nSendSIGHUP=yes"),
    "etc/init.d/S15watchdog": "#!/bin/sh\n# fed by systemd\n",
    "sbin/reboot": "#!/bin/sh\nexec systemctl --no-block reboot\n",
    "sbin/poweroff": "#!/bin/sh\nexec systemctl --no-block poweroff\n",
}


@functools.cache
def system():
    """What makes the router's root one with systemd, for squashfs_extra."""
    folder = packages.unpacked("arm64", PACKAGES)
    tree, programs = Tree(), packages.Programs(folder)
    programs.libraries |= {path.name: path for path in folder.glob("usr/lib/*/systemd/*.so")}  # its own
    for name in PROGRAMS:
        programs.put(tree, name, name)
    files = {path: entry.data for path, entry in tree.sorted() if stat.S_ISREG(entry.mode)}
    units = folder / "lib/systemd/system"
    for pattern in ("*.target", "*.slice", "systemd-reboot.service", "systemd-poweroff.service"):
        files |= {f"lib/systemd/system/{path.name}": path.read_bytes() for path in units.glob(pattern) if not path.is_symlink()}
    return {**files, **FILES}
