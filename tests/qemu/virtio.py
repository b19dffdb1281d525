# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtio 1.x PCI guest driver made by hand: rings and descriptors are written as bytes."""

import struct

ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, NEEDS_RESET = 1, 2, 4, 8, 0x40
VERSION_1, INDIRECT_DESC = 1 << 32, 1 << 28
LEAK, LATCH = 1 << 0, 1 << 1
NEXT, WRITE, INDIRECT = 1, 2, 4  # descriptor flags

BAR = 0xE0000000  # where the device's registers are mapped
RINGS = 0x100000  # a queue takes 0x4000: descriptors, avail ring at 0x1000, used ring at 0x2000


class Device:
    """A virtio PCI device in a slot of bus 0, driven with modern (1.x) registers."""

    def __init__(self, machine, slot):
        self.m = machine
        self.slot = slot
        self.heads = {}  # queue -> next free descriptor
        self.find_registers()

    # -- PCI ----------------------------------------------------------------------------------

    def config(self, offset):
        self.m.put("outl", 0xCF8, 0x80000000 | self.slot << 11 | offset & 0xFC)
        return self.m.get("inl", 0xCFC)

    def set_config(self, offset, value):
        self.m.put("outl", 0xCF8, 0x80000000 | self.slot << 11 | offset & 0xFC)
        self.m.put("outl", 0xCFC, value)

    def config_bytes(self, offset, count):
        words = (self.config(at) for at in range(offset & ~3, offset + count, 4))
        return b"".join(struct.pack("<I", word) for word in words)[offset & 3:][:count]

    def find_registers(self):
        assert self.config(0) & 0xFFFF == 0x1AF4, "no virtio device in the slot"
        self.set_config(0x20, BAR)  # BAR 4, 64 bits wide
        self.set_config(0x24, 0)
        self.set_config(0x04, 0x6)  # memory space, bus master
        self.registers = {}
        at = self.config(0x34) & 0xFF
        while at:
            kind, following, _, cfg, bar = struct.unpack("<BBBBB", self.config_bytes(at, 5))
            if kind == 0x09 and bar == 4:
                self.registers[cfg] = BAR + self.config(at + 8)
                if cfg == 2:
                    self.notify_step = self.config(at + 16)
            at = following
        self.common, self.notify, self.isr = (self.registers[i] for i in (1, 2, 3))

    # -- start --------------------------------------------------------------------------------

    @property
    def status(self):
        return self.m.get("readb", self.common + 20)

    @status.setter
    def status(self, value):
        self.m.put("writeb", self.common + 20, value)

    def offered(self):
        bits = 0
        for half in (0, 1):
            self.m.put("writel", self.common, half)
            bits |= self.m.get("readl", self.common + 4) << 32 * half
        return bits

    def queues(self):
        return self.m.get("readw", self.common + 18)

    def negotiate(self, features):
        """Reset and feature negotiation; whether the device took the features."""
        self.status = 0
        self.status = ACKNOWLEDGE | DRIVER
        for half in (0, 1):
            self.m.put("writel", self.common + 8, half)
            self.m.put("writel", self.common + 12, features >> 32 * half & 0xFFFFFFFF)
        self.status = ACKNOWLEDGE | DRIVER | FEATURES_OK
        return bool(self.status & FEATURES_OK)

    def set_up_queue(self, queue):
        base = RINGS + queue * 0x4000
        self.m.guest("memset", base, 0x4000, 0)
        self.heads[queue] = 0
        self.m.put("writew", self.common + 22, queue)
        for offset, address in ((32, base), (40, base + 0x1000), (48, base + 0x2000)):
            self.m.put("writel", self.common + offset, address)
            self.m.put("writel", self.common + offset + 4, 0)
        self.m.put("writew", self.common + 28, 1)

    def start(self, features):
        """Until DRIVER_OK, with all queues the device has."""
        assert self.negotiate(features | VERSION_1), "FEATURES_OK refused"
        for queue in range(self.queues()):
            self.set_up_queue(queue)
        self.status = self.status | DRIVER_OK

    # -- rings --------------------------------------------------------------------------------

    def size(self, queue):
        self.m.put("writew", self.common + 22, queue)
        return self.m.get("readw", self.common + 24)

    def set_descriptor(self, queue, index, address, length, flags, following=0):
        self.m.write(RINGS + queue * 0x4000 + index * 16,
                     struct.pack("<QIHH", address, length, flags, following))

    def offer(self, queue, head):
        """Puts a descriptor on the avail ring and rings the bell."""
        avail = RINGS + queue * 0x4000 + 0x1000
        index = self.m.get("readw", avail + 2)
        self.m.put("writew", avail + 4 + index % self.size(queue) * 2, head)
        self.m.put("writew", avail + 2, index + 1 & 0xFFFF)
        self.kick(queue)

    def kick(self, queue):
        self.m.put("writew", self.bell(queue), queue)

    def bell(self, queue):
        self.m.put("writew", self.common + 22, queue)
        return self.notify + self.m.get("readw", self.common + 30) * self.notify_step

    def add(self, queue, segments):
        """Offers a chain of (address, length, flags) segments."""
        first = self.heads[queue]
        for index, (address, length, flags) in enumerate(segments, first):
            more = index < first + len(segments) - 1
            self.set_descriptor(queue, index, address, length, flags | (NEXT if more else 0),
                                index + 1 if more else 0)
        self.heads[queue] += len(segments)
        self.offer(queue, first)

    def used(self, queue):
        """The lengths of all buffers that came back."""
        base = RINGS + queue * 0x4000 + 0x2000
        count = self.m.get("readw", base + 2)
        return [self.m.get("readl", base + 4 + i * 8 + 4) for i in range(count)]
