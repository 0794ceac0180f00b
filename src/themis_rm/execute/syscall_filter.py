"""A filter for system calls that untrusted programs do not need.

It denies namespaces and mounts, memory that no limit counts (memfd, System V shared memory, message queues, keys),
other socket families than those given, and parts of the kernel that only special programs use (bpf, io_uring,
userfaultfd, ptrace). See seccomp(2) for the instructions.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_NAMESPACES = 0x7E020000
"""Flags of clone(2) that create a namespace."""

_X86_64 = "x86_64"
_ARCHITECTURES = {_X86_64: 0xC000003E, "aarch64": 0xC00000B7}
_OTHER_ABI = 0x40000000
"""Numbers from here on belong to x32."""

_PERMISSION = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "ptrace": (101, 117),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "pidfd_getfd": (438, 438),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
}
"""System calls that are not permitted: number for x86_64 and for aarch64."""

_MISSING = {"clone3": (435, 435), "memfd_create": (319, 279), "memfd_secret": (447, 447), "io_uring_setup": (425, 425)}
"""System calls that seem not to exist, so that libraries use older ones."""

_CLONE, _SOCKET, _SOCKETPAIR = (56, 220), (41, 198), (53, 199)

UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
"""Socket families."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install_filter(families: tuple[int, ...]) -> None:
    """Deny system calls in this process and in all that it starts; nothing happens on another processor.

    ``no_new_privs`` must be set.

    Args:
        families: Socket families that are allowed.

    Raises:
        OSError: The kernel refuses the filter.
    """
    machine = os.uname().machine
    if machine not in _ARCHITECTURES:
        return
    code = b"".join(_instructions(machine, families))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if _LIBC.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _instructions(machine: str, families: tuple[int, ...]) -> list[bytes]:
    column = list(_ARCHITECTURES).index(machine)
    code = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_JUMP_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _deny(errno.ENOSYS),
        _instruction(_LOAD, _NUMBER),
    ]
    if machine == _X86_64:
        code += [_instruction(_JUMP_AT_LEAST, _OTHER_ABI, 0, 1), _deny(errno.ENOSYS)]
    for table, error in ((_PERMISSION, errno.EPERM), (_MISSING, errno.ENOSYS)):
        for numbers in table.values():
            code += [_instruction(_JUMP_EQUAL, numbers[column], 0, 1), _deny(error)]
    code += [
        _instruction(_JUMP_EQUAL, _CLONE[column], 0, 4),
        _instruction(_LOAD, _FIRST_ARGUMENT),
        _instruction(_JUMP_BITS, _NAMESPACES, 0, 1),
        _deny(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
        _instruction(_JUMP_EQUAL, _SOCKET[column], 1, 0),
        _instruction(_JUMP_EQUAL, _SOCKETPAIR[column], 0, 2 + len(families)),
        _instruction(_LOAD, _FIRST_ARGUMENT),
    ]
    for at, family in enumerate(families):
        code.append(_instruction(_JUMP_EQUAL, family, len(families) - at, 0))
    return [*code, _deny(errno.EAFNOSUPPORT), _instruction(_RETURN, _ALLOW)]


def _instruction(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", operation, if_true, if_false, value)


def _deny(error: int) -> bytes:
    return _instruction(_RETURN, _ERROR | error)
