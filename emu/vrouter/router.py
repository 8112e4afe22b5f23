"""The router: power, buttons, LEDs, serial console, disk, USB stick and cables of one virtual board."""

import atexit
import fcntl
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path

from . import leds, net, pins, powercut, storage
from .board import load_board
from .errors import EmuError, Timeout
from .images import disk as disk_image
from .images.build import build_images
from .images.dtb import machine_args
from .qemu import Qemu
from .serial import Serial

UP = r"^router: up\r?$"

_alive = weakref.WeakSet()


class Button:
    def __init__(self, router, line):
        self._router = router
        self.name = line.name
        self.line = line
        self.held = False

    def hold(self):
        """Press; works before power-on too."""
        self._set(True)

    def release(self):
        self._set(False)

    def press(self, seconds=0.2):
        self.hold()
        time.sleep(seconds)
        self.release()

    def bounce(self, ms=10, period_ms=2):
        """Chatter of a worn contact for `ms`, after which the button is as it was before."""
        before, end = self.held, time.monotonic() + ms / 1000
        while time.monotonic() < end:
            self._set(not self.held)
            time.sleep(period_ms / 2000)
        self._set(before)

    def _set(self, held):
        self.held = held
        self._router._button_changed(self)


class Router:
    """One virtual router. Use it in a `with` block, or call close().

    images    of build_images(); default: those of the board, built if needed
    run_dir   where its disk and logs are; default: a folder that is removed at close(). The disk there is used
              again, as it was left, if it came from the same images
    fresh     start with the disk as it was built
    network   False: without network namespaces, which need root
    recorder  False: a power cut can only keep all that the disk acknowledged (policy "kill")
    """

    def __init__(self, board="virt-disk", images=None, run_dir=None, *, network=True, recorder=True, fresh=False):
        self.board = load_board(board)
        self.images = images or build_images(self.board)
        self._pins = pins.of(self.board)
        self._storage = storage.of(self.board)
        self._own_dir = run_dir is None
        self.run_dir = Path(run_dir or tempfile.mkdtemp(prefix="vrouter-"))
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self._lock = self._take_run_dir()
        self.disk = self.run_dir / "disk.img"
        self._install_disk(fresh)
        # From the next power-on each "read" or "write" that touches this byte of the disk fails: ((what, offset), ...)
        self.disk_faults = ()
        self.buttons = {name: Button(self, line) for name, line in self.board.buttons.items()}
        self.traces = []  # one LedTrace per power-on
        self.resets = []  # when the guest reset itself, in seconds since power-on
        self.serial = Serial(self.run_dir / "serial.log", self.now)
        self._origin = time.time()
        self._qemu = None
        self._stick = None
        self._recorder = recorder
        self._listeners = []
        self._state = threading.Condition(threading.RLock())
        try:
            self.net = net.Network(self.board.nics) if network else None
        except BaseException:
            self.net = None
            self.close()
            raise
        _alive.add(self)
        _install_cleanup()

    # --- power

    @property
    def powered(self):
        return self._qemu is not None

    def now(self):
        """Seconds since the last power-on."""
        return time.time() - self._origin

    def power_on(self, append="", hold=(), moment=None):
        """Switch on. `append` is added to the kernel command line; buttons in `hold` are down from the start;
        a `moment` of suspend() goes on where it stopped."""
        if self.powered:
            raise EmuError("the router has power already: switch it off first")
        if moment:
            disk_image.copy(moment / "disk.img", self.disk)
        for name in hold:
            self.button(name).held = True
        trace = leds.LedTrace(self.board.leds, time.time(), self._pins.levels)
        trace.subscribe(lambda t, led, on: self._emit("led", t=t, led=led, on=on))
        qemu = Qemu(
            self.board.machine["qemu"], self.board.machine["qemu_package"], self._arguments(append) + _resume(moment), self.run_dir,
            self._on_qmp_event, trace.feed, self._pins.trace_event, self.net.fds() if self.net else (),
        )
        try:
            self._pins.attach(qemu)
            for button in self.buttons.values():
                self._drive(qemu, button)
            for port in self._ports_pulled():
                qemu.qmp("set_link", name=port, up=False)
        except BaseException:
            qemu.kill()
            raise
        with self._state:
            self._qemu = qemu
            self._origin = trace.origin = time.time()
            self.resets.clear()
            self.traces.append(trace)
        if self.net:
            self.net.power(True)
        self._serial_thread = self.serial.attach(qemu.serial_socket)
        threading.Thread(target=self._watch, args=(qemu,), daemon=True, name="power").start()
        self._emit("power", on=True)
        qemu.go()

    def suspend(self, folder):
        """Stop this very moment and keep it in a new folder: memory, devices, disk. The power is off afterwards, and
        power_on(moment=folder) goes on from there, as often as one likes. QEMU does not keep that a NOR chip shows
        its status in place of its content: let the guest read from it before."""
        qemu = self._running()
        folder = Path(folder)
        folder.mkdir()
        qemu.save(folder / "machine")
        qemu.kill()
        self._ended(qemu)
        disk_image.copy(self.disk, folder / "disk.img")
        return folder

    def power_off(self, timeout=20):
        """Press the power key and wait until the system has shut down. Pulls the plug if it does not; returns
        whether it did by itself."""
        self._running().qmp("system_powerdown")
        try:
            self.wait_off(timeout)
            return True
        except Timeout:
            self.power_cut("kill")
            return False

    def power_cut(self, policy="lose", seed=0):
        """Pull the plug: writes that the disk had not flushed fare as `policy` says (see powercut.py)."""
        if policy not in powercut.POLICIES:
            raise EmuError(f"there is no power-cut policy {policy!r}: choose one of {', '.join(powercut.POLICIES)}")
        if policy != "kill" and not self._recorder:
            raise EmuError("this router was made without recorder: only the power-cut policy kill is possible")
        qemu = self._running()
        qemu.kill()
        self._ended(qemu)
        if policy != "kill":
            self.recording().build(self.disk, policy, seed=seed)

    def recording(self):
        """powercut.Recording of the disk since the last power-on."""
        return powercut.Recording(self.run_dir / "disk.base", self.run_dir / "disk.log", self._storage.write_through)

    def wait_off(self, timeout=20):
        """Wait until the system has switched itself off."""
        with self._state:
            if not self._state.wait_for(lambda: not self.powered, timeout):
                raise Timeout(f"the router is still on after {timeout:g} s. Its console:\n{self.serial.tail()}")

    def wait_reset(self, timeout=30, count=1):
        """Wait for the guest's `count`-th reset since power-on; returns its time."""
        with self._state:
            if not self._state.wait_for(lambda: len(self.resets) >= count, timeout):
                raise Timeout(f"no reset within {timeout:g} s. The console ends with:\n{self.serial.tail()}")
            return self.resets[count - 1]

    def wait_up(self, timeout=40):
        """Wait for the operating system's `router: up`; returns its time in seconds since power-on."""
        return self.serial.expect(UP, timeout).t

    # --- buttons, LEDs

    def button(self, name):
        if name not in self.buttons:
            raise EmuError(f"this board has no button {name!r}: choose one of {', '.join(self.buttons)}")
        return self.buttons[name]

    @property
    def leds(self):
        """LedTrace of this power-on, or of the last one."""
        if self.traces:
            return self.traces[-1]
        dark = leds.LedTrace(self.board.leds, self._origin)
        dark.end(0.0)
        return dark

    # --- disk, USB stick

    def partition(self, name):
        """(offset_bytes, size_bytes) of a partition in the file `disk`."""
        return self._storage.partition(self.disk, name)

    def overlay_area(self):
        """(offset_bytes, size_bytes) of the writable overlay in the file `disk`."""
        return self._storage.overlay_area(self.disk)

    def usb_plug(self, image):
        """Plug in a stick whose content is this raw image file. It is written to."""
        qemu = self._running()
        if self._stick:
            raise EmuError("there is a stick in the port already: pull it first")
        if not Path(image).is_file():
            raise EmuError(f"{image} is not there: name the image file of a USB stick")
        backend = {"driver": "file", "filename": str(Path(image).resolve())}
        qemu.qmp("blockdev-add", **{"driver": "raw", "node-name": "stick", "file": backend})
        qemu.qmp("device_add", **{"driver": "usb-storage", "id": "usb-stick", "bus": self.board.usb["bus"],
                                  "drive": "stick", "removable": True})
        self._stick = Path(image)
        self._emit("usb", plugged=True)

    def usb_pull(self):
        qemu = self._running()
        if not self._stick:
            raise EmuError("there is no stick in the port: plug one first")
        qemu.qmp("device_del", id="usb-stick")
        self._stick = None
        end = time.monotonic() + 5
        while True:
            try:
                qemu.qmp("blockdev-del", **{"node-name": "stick"})
                break
            except EmuError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self._emit("usb", plugged=False)

    @property
    def stick(self):
        """Image file of the stick in the port, or None."""
        return self._stick

    # --- network

    def pc(self, command, timeout=60):
        """Run a command on the PC at the LAN ports: CompletedProcess with text output."""
        return self._wires().run("pc", command, timeout)

    def pc_popen(self, command, **options):
        return self._wires().popen("pc", command, **options)

    def wan(self, command, timeout=60):
        """Run a command at the other end of the WAN port."""
        return self._wires().run("wan", command, timeout)

    def wan_popen(self, command, **options):
        return self._wires().popen("wan", command, **options)

    def cable(self, port, plugged):
        """Plug or pull the cable of one port; both ends see the link."""
        if port not in {nic.name for nic in self.board.nics}:
            raise EmuError(f"this board has no port {port!r}: choose one of {', '.join(n.name for n in self.board.nics)}")
        self._wires().cable(port, plugged)
        if self.powered:
            self._qemu.qmp("set_link", name=port, up=plugged)

    def move_cable(self, port):
        """Move the PC's cable to another LAN port: its address goes there, the other LAN ports have no link."""
        lan = [nic.name for nic in self.board.nics if nic.side == "pc"]
        if port not in lan:
            raise EmuError(f"{port!r} is no LAN port: choose one of {', '.join(lan)}")
        self._wires().move_pc(port)
        for name in lan:
            self.cable(name, name == port)

    # --- events

    def subscribe(self, listener):
        """Call `listener(event: dict)` for power, reset, button, led and usb events, in any thread."""
        self._listeners.append(listener)

    def unsubscribe(self, listener):
        self._listeners.remove(listener)

    # --- end

    def close(self):
        _alive.discard(self)
        if self._qemu:
            qemu = self._qemu
            qemu.kill()
            self._ended(qemu)
        if self.net:
            self.net.close()
        self.serial.close()
        self._lock.close()
        if self._own_dir:
            shutil.rmtree(self.run_dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- inside

    def _take_run_dir(self):
        lock = open(self.run_dir / "lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise EmuError(f"another router runs in {self.run_dir}: end it, or choose another run directory") from None
        return lock

    def _install_disk(self, fresh):
        made_from = self.run_dir / "disk.from"
        known = made_from.read_text() if made_from.exists() else ""
        if fresh or not self.disk.exists() or known != self.images.disk.name:
            disk_image.copy(self.images.disk, self.disk)
            made_from.write_text(self.images.disk.name)

    def _arguments(self, append):
        board = self.board
        args = [*machine_args(board), *(["-dtb", str(self.images.dtb)] if self.images.dtb else []),
                "-kernel", str(self.images.kernel), "-initrd", str(self.images.initramfs),
                "-append", f"{board.kernel['cmdline']} {append}".strip()]
        for device in board.machine["devices"]:
            args += ["-device", device]
        args += ["-watchdog-action", board.machine["watchdog_action"]]
        args += self._disk_arguments()
        if self.images.firmware:
            args += ["-blockdev", f"driver=raw,node-name=firmware,read-only=on,file.driver=file,file.filename={self.images.firmware}",
                     "-machine", "pflash0=firmware"]
        for nic in board.nics:
            if self.net:
                args += ["-netdev", f"tap,id={nic.name},fd={self.net.fd(nic.name)}"]
            else:
                args += ["-netdev", f"hubport,id={nic.name},hubid={len(args)}"]
            args += ["-device", f"virtio-net-pci,netdev={nic.name},addr={nic.addr},mac={nic.mac},romfile="]
        return args

    def _disk_arguments(self):
        if self._recorder:
            disk_image.copy(self.disk, self.run_dir / "disk.base")
            backend = powercut.blockdev_args("disk", self.disk, self.run_dir / "disk.log")
        elif self.disk_faults:
            backend = ["-blockdev", json.dumps({
                "driver": "blkdebug", "node-name": "disk",
                "image": {"driver": "raw", "file": {"driver": "file", "filename": str(self.disk)}},
                "inject-error": [{"event": "none", "iotype": iotype, "sector": at // 512, "errno": 5, "once": False}
                                 for iotype, at in self.disk_faults],
            })]
        else:
            backend = ["-blockdev", f"driver=raw,node-name=disk,file.driver=file,file.filename={self.disk}"]
        return [*backend, *self._storage.qemu_args("disk")]

    def _ports_pulled(self):
        return [nic.name for nic in self.board.nics if self.net and not self.net.plugged(nic.name)]

    def _drive(self, qemu, button):
        self._pins.drive(qemu, button.line, button.held)

    def _button_changed(self, button):
        with self._state:
            qemu = self._qemu
            t = self.now()
        if qemu:
            self._drive(qemu, button)
        self._emit("button", t=t, button=button.name, held=button.held)

    def _on_qmp_event(self, name, data):
        with self._state:
            qemu = self._qemu
            if name != "RESET" or not qemu:
                return
            self.resets.append(self.now())
            self._state.notify_all()
        try:
            self._pins.after_reset(qemu, [(button.line, button.held) for button in self.buttons.values()])
        except EmuError:
            return  # QEMU has ended meanwhile
        self._emit("reset", t=self.resets[-1])

    def _watch(self, qemu):
        qemu.process.wait()
        self._ended(qemu)

    def _ended(self, qemu):
        """Power is off, whoever did it: the guest, a cut, or an end of QEMU."""
        with self._state:
            if self._qemu is not qemu:
                return
            qemu.reap()
            self._serial_thread.join(5)
            self._qemu = self._stick = None
            self.leds.end(self.now())
            if self.net:
                self.net.power(False)
            self._state.notify_all()
        self._emit("power", on=False)

    def _running(self):
        if not self._qemu:
            raise EmuError("the router has no power: switch it on first")
        return self._qemu

    def _wires(self):
        if not self.net:
            raise EmuError("this router was made without network")
        return self.net

    def _emit(self, kind, **values):
        for listener in list(self._listeners):
            listener({"event": kind, **values})


def _resume(moment):
    return ["-incoming", f"exec:cat '{moment}/machine'"] if moment else []


def _close_all():
    for router in list(_alive):
        router.close()


def _install_cleanup():
    """SIGTERM ends Python the way that runs atexit functions, unless the program has its own handler."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


atexit.register(_close_all)
