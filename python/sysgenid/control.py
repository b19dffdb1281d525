# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel says about the caller's domain, over generic netlink. The uapi header is the specification."""
import errno
import os
import socket
import struct

from .counter import ADVICE

HEADER, ATTRIBUTE = struct.Struct("=IHHIIBBxx"), struct.Struct("=HH")  # nlmsghdr and genlmsghdr; nlattr
NETLINK_GENERIC, NLM_F_REQUEST, NLMSG_ERROR = 16, 1, 2
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_VERSION, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 1, 2
FAMILY, VERSION, CMD_GET, A_GENERATION, A_RESTORED = b"sysgenid\0", 1, 1, 1, 12
TIMEOUT_S = 5


def _attributes(data):
    found = {}
    while len(data) >= ATTRIBUTE.size:
        size, kind = ATTRIBUTE.unpack_from(data)
        if not ATTRIBUTE.size <= size <= len(data):
            raise OSError(errno.EPROTO, "the kernel's answer is damaged")
        found[kind] = data[ATTRIBUTE.size:size]
        data = data[(size + 3) & ~3:]
    return found


def _call(link, family, command, version, attributes=b""):
    link.send(HEADER.pack(HEADER.size + len(attributes), family, NLM_F_REQUEST, 0, 0, command, version) + attributes)
    reply = link.recv(8192)
    if HEADER.unpack_from(reply)[1] == NLMSG_ERROR:
        code = -struct.unpack_from("=i", reply, 16)[0]
        raise OSError(code, ADVICE.get(code, os.strerror(code)), "netlink family sysgenid")
    return _attributes(reply[HEADER.size:])


def look():
    """The generation, and the one that the last change has begun which was no resume."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as link:
        link.settimeout(TIMEOUT_S)
        link.connect((0, 0))
        name = ATTRIBUTE.pack(ATTRIBUTE.size + len(FAMILY), CTRL_ATTR_FAMILY_NAME) + FAMILY.ljust(12, b"\0")
        family, = struct.unpack("=H", _call(link, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_VERSION, name)[CTRL_ATTR_FAMILY_ID])
        answer = _call(link, family, CMD_GET, VERSION)
    generation, = struct.unpack("=I", answer[A_GENERATION])
    # Modules of earlier releases know no resume.
    return generation, struct.unpack("=I", answer.get(A_RESTORED, answer[A_GENERATION]))[0]
