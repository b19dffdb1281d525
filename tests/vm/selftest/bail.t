#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
. tests/vm/lib.sh
bail "cannot go on"
