"""What happens in directories, for tests that strike in the middle of it."""

import ctypes
import os
import select
import struct


class Changes:
    """What happens in directories, in the order in which it happens, as the kernel tells it."""

    LIBC = ctypes.CDLL(None, use_errno=True)
    MODIFY, MOVED_TO, CREATE, DELETE = 0x2, 0x80, 0x100, 0x200
    HEAD = struct.Struct("iIII")

    def __init__(self, directories):
        self.fd = self.LIBC.inotify_init1(os.O_CLOEXEC)
        self.waiting = b""
        for directory in directories:
            mask = self.MODIFY | self.MOVED_TO | self.CREATE | self.DELETE
            if self.LIBC.inotify_add_watch(self.fd, os.fsencode(directory), mask) < 0:
                raise OSError(ctypes.get_errno(), directory)

    def wait_for(self, count, process):
        """Waits for so many changes, or for the process to end first."""
        ended = os.pidfd_open(process.pid)
        while count > 0:
            if not self.waiting:
                if self.fd not in select.select([self.fd, ended], [], [])[0]:
                    break
                self.waiting = os.read(self.fd, 65536)
            self.waiting = self.waiting[self.HEAD.size + self.HEAD.unpack_from(self.waiting)[3] :]
            count -= 1
        os.close(ended)

    def close(self):
        os.close(self.fd)
