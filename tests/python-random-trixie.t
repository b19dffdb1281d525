#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/python-random.t with the Python of Debian 13 (3.13). As root.
set -euo pipefail

exec "$(dirname -- "$(realpath -- "$0")")/python-trixie.t" python-random.t
