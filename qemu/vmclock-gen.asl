// SPDX-License-Identifier: GPL-2.0-or-later
// Tells the guest about vmclock-gen's page: an ACPI table for QEMU's option -acpitable.
DefinitionBlock ("vmclock-gen.aml", "SSDT", 1, "SYSGEN", "VMCLOCK", 1)
{
    Device (\_SB.VCLK)
    {
        Name (_HID, "AMZNC10C")
        Name (_CID, "VMCLOCK")
        Name (_STA, 0x0F)
        Name (_CRS, ResourceTemplate ()
        {
            QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadOnly,
                0, 0x00000000FEFFA000, 0x00000000FEFFAFFF, 0, 0x1000)
        })
    }
    Method (\_GPE._E07, 0, NotSerialized)
    {
        Notify (\_SB.VCLK, 0x80)
    }
}
