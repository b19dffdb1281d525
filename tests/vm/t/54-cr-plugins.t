#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Other plugins of criu beside ours, in either order, whatever they answer.
# vm: timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh
. tests/cr/plugins.sh

no_module
install_plugin
check_other_plugins
check_no_plugin_folder
fresh_module
check_other_plugins_module
ok "no process is left" wait_for 30 nobody_is_left
done_testing
