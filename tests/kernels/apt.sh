# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the scripts that fetch packages of kernels: apt with lists of its own, in the directory "tmp".
# usage: . apt.sh

: "${tmp=}"

# Lists of those releases only. Old lists are accepted, for mirrors that are updated by hand; their signatures are checked.
kernels_apt()
{
	local tool=$1

	shift
	"$tool" -q -o "Dir::Etc::SourceList=$tmp/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o "Dir::State::Lists=$tmp/lists" -o "Dir::State::status=$tmp/status" \
		-o "Dir::Cache=$tmp/cache" -o APT::Sandbox::User=root \
		-o Acquire::Check-Valid-Until=false "$@" </dev/null
}

# kernels_lists SUITE [RELEASE]...: the lists of a release, its security updates and more, from the mirrors from which this
# machine has its own release
kernels_lists()
{
	local suite=$1 codename

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	mkdir -p "$tmp/lists/partial" "$tmp/cache/archives/partial"
	# shellcheck disable=SC2016  # apt-get expands them
	apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(COMPONENT)' \
		'Created-By: Packages' |
		awk -F'|' -v name="$codename" -v suite="$suite" -v releases="$*" '
		$1 != "Debian" || $5 != "main" { next }
		{
			is = $4 ~ /^\$/ ? $3 : $4
			if (is == name && !seen[$2]++) {
				count = split(releases, list, " ")
				for (i = 1; i <= count; i++)
					print "deb " $2 " " list[i] " main"
			}
			if (is == name "-security" && !seen[$2]++)
				print "deb " $2 " " suite "-security main"
		}' >"$tmp/sources.list"
	[[ -s $tmp/sources.list ]] || {
		echo "apt has no entry for '$codename main' to learn the mirror from"
		return 1
	}
	kernels_apt apt-get update
}
