#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# criu restores the device node with the number that the node had at the dump. If the counter has another
# number now, no restored process may run.
set -uo pipefail
. tests/cr/lib.sh
. tests/cr/nodes.sh

fresh_module
install_plugin
with_plugin
ok "a process with a mapping starts" subject_start mapping mapping
ok "it is dumped" dump mapping mapping
ok "a process with a file starts" subject_start file file
ok "it is dumped" dump file file
ok "control: the mapping is restored as it is" restore mapping good
container_kill good

for device in '1 5' '1 1'; do
	name=node-${device/ /-}
	other_node mapping "$name" ./sysgenid ${device% *} ${device#* }
	refused "$name" "mapping of the device $device" \
		"sysgenid: /dev/sysgenid is the device ${device/ /:}, but the counter is 10:243 here: make the node again"
done
other_node file node-file ./sysgenid 1 3
refused node-file "file of the device 1 3" \
	'sysgenid: /dev/sysgenid is the device 1:3, but the counter is 10:243 here: make the node again'

ok "the module can be unloaded" unload_module
ok "the module is loaded with another minor" load_module minor=250
refused file "another minor and a file" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
refused mapping "another minor and a mapping" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
ok "the module can be unloaded again" unload_module
ok "the module is loaded with the minor of the dump" load_module
ok "control: then the file is restored" restore file good
container_kill good
done_testing
