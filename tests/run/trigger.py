#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Moves the system's generation with a cause that "sysgenid trigger" does not have: trigger.py restore|resume"""
import socket
import struct
import sys

GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2
SYSGENID_CMD_TRIGGER, SYSGENID_A_CAUSE = 2, 3
CAUSES = {"restore": 3, "resume": 8}


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def ask(netlink, family, command, attributes):
    """The first answer's attributes."""
    payload = struct.pack("=BBH", command, 1, 0) + attributes
    netlink.send(struct.pack("=IHHII", 16 + len(payload), family, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + payload)
    answer = netlink.recv(65536)
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        error = struct.unpack_from("=i", answer, 16)[0]
        if error:
            sys.exit(f"trigger.py: error {-error}")
    return answer[20:]


def family_of(netlink, name):
    rest = ask(netlink, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, name))
    while rest:
        size, kind = struct.unpack_from("=HH", rest)
        if kind == CTRL_ATTR_FAMILY_ID:
            netlink.recv(65536)  # the acknowledgement
            return struct.unpack_from("=H", rest, 4)[0]
        rest = rest[(size + 3) & ~3:]
    sys.exit("trigger.py: no such family")


with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16) as kernel:
    kernel.bind((0, 0))
    ask(kernel, family_of(kernel, b"sysgenid\0"), SYSGENID_CMD_TRIGGER,
        attribute(SYSGENID_A_CAUSE, struct.pack("=I", CAUSES[sys.argv[1]])))
