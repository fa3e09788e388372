"""A small ext4 in a file, on a loop device: to be filled, and to lose its power. Needs root."""

import fcntl
import os
import shutil
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

EXT4_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2
"""As by a power cut: not even the journal of what was done is written."""


def may_mount() -> bool:
    return os.geteuid() == 0 and Path("/dev/loop-control").exists() and shutil.which("mkfs.ext4") is not None


class LoopDisk:
    def __init__(self, image: Path, path: Path, mib: int) -> None:
        self.path = path
        self._image = image
        self._mounted = False
        with image.open("wb") as file:
            file.truncate(mib * 1_048_576)
        path.mkdir()
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)

    @property
    def ballast(self) -> Path:
        return self.path / "ballast"

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.path)], check=True)
        self._mounted = True

    def unmount(self) -> None:
        if self._mounted:
            subprocess.run(["umount", str(self.path)], check=True)
            self._mounted = False

    def cut_power(self) -> None:
        """Let the file system lose all that was not synced, at once; it takes nothing more until it is mounted anew."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        finally:
            os.close(handle)

    def fill(self) -> int:
        """Write the ballast until nothing more fits. Returns its bytes."""
        with self.ballast.open("ab", buffering=0) as file:
            for size in (1_048_576, 65_536, 4_096, 1_024):
                with suppress(OSError):
                    while file.write(b"\0" * size) == size:
                        pass
            with suppress(OSError):
                os.fsync(file.fileno())
        return self.ballast.stat().st_size

    def free_bytes(self) -> int:
        stat = os.statvfs(self.path)
        return stat.f_bavail * stat.f_frsize
