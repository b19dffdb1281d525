#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a DHCP client says on an interface, a line a message: its name, the address that it asks for or gives back, and
its identifier (RFC 2131, 2; RFC 2132, 9): dhcp-log.py INTERFACE."""
import socket
import sys

ETH_P_IP = 0x0800
NAMES = ("", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM")
REQUESTED_ADDRESS, MESSAGE_TYPE, CLIENT_ID = 50, 53, 61


def options(data):
    found, i = {}, 0
    while i < len(data) and data[i] != 255:
        if data[i] == 0:
            i += 1
            continue
        found[data[i]] = data[i + 2:i + 2 + data[i + 1]]
        i += 2 + data[i + 1]
    return found


def main():
    capture = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    capture.bind((sys.argv[1], ETH_P_IP))
    print("listening", flush=True)
    while True:
        packet = capture.recv(65535)
        udp = packet[(packet[0] & 15) * 4:]
        if packet[9] != socket.IPPROTO_UDP or int.from_bytes(udp[2:4], "big") != 67:
            continue
        message = udp[8:]
        said = options(message[240:])
        address = said.get(REQUESTED_ADDRESS, message[12:16])
        print(NAMES[said[MESSAGE_TYPE][0]], socket.inet_ntoa(address), said.get(CLIENT_ID, b"").hex(), flush=True)


main()
