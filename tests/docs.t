#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The checks of documents, tests/vm/docs.sh: which commands of a page have a test, and what may have none. Each page's commands
# that it does not run itself, and pages made for this, on which a check must fail.
set -uo pipefail

cd -- "$(dirname -- "$(realpath -- "$0")")/.." || exit
# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/docs.sh
. tests/vm/docs.sh
tmp=$(mktemp -d)
trap 'rm -rf -- "$tmp" "$DOCS_DIR"' EXIT

# Like page_block, but what this page's own test runs is left to it.
marked_elsewhere()
{
	[[ -z $unrun$tested ]] || page_block "$1"
}

# verdict MARK COMMAND...: does the page's check of such a block find nothing wrong?
verdict()
{
	{
		printf '%s\n\n```console\n' "$1"
		printf '# %s\n' "${@:2}"
		echo '```'
	} >"$tmp/page.md"
	passes page_block
}

# passes HANDLER: of the blocks of that page
passes()
{
	(TAP_COUNT=0 DOCS_COUNT=0 && each_block "$tmp/page.md" "$1") >"$tmp/out" 2>&1
	grep -q '^ok' "$tmp/out" && ! grep -q '^not ok' "$tmp/out"
}

has()
{
	printf '%s\n' "$2" >"$tmp/test"
	has_command "$tmp/test" "$1" "$tmp/page.md"
}

# What nobody runs.
CLUSTER='<!-- not run: there is no cluster -->'
READER=$'Do this *(kubelet: not run)*:\n\n'
ok "a command of kubectl is not run, and the page says so" verdict "$READER$CLUSTER" 'kubectl apply -f x'
not_ok "not run for another reason" verdict "$READER<!-- not run: it takes long -->" 'kubectl apply -f x'
not_ok "the reader is told elsewhere on the page only" verdict "${READER}Do that, too:"$'\n'"$CLUSTER" 'kubectl apply -f x'
not_ok "beside it a command that needs no cluster" verdict "$READER$CLUSTER" 'podman push a b' 'kubectl apply -f x'

# What a test has.
ok "a test has the command" has 'systemctl enable --now unit' 'ok "it is on" inside systemctl enable --now unit'
not_ok "it has the first words of it" has 'systemctl enable --now unit' 'ok "it is on" inside systemctl enable unit'
not_ok "it has a longer one" has 'make check' 'make check-all'
not_ok "it has it in the name of a check" has 'systemctl enable --now unit' 'ok "systemctl enable --now unit" true'
not_ok "it has it in a comment" has 'systemctl enable --now unit' '# systemctl enable --now unit'
not_ok "it has the last words of it" has 'sysgenid status --pid "$(podman inspect x)"' 'tool status --pid "$pid"'
ok "paths are the test's own" has 'sudo podman load --input build/x.tar' 'podman load --input "$CR_DIR/archive.tar"'
ok "it runs the marked blocks of the page" has 'podman load' "run_marked $tmp/page.md $tmp/test"
fails=yes
not_ok "of a block that shows an error it has the command alone" has 'podman load' 'podman load x'
ok "it runs such a block" has 'podman load' "run_marked $tmp/page.md $tmp/test fails"
fails=''
not_ok "it runs the blocks that name another test" has 'podman load' "run_marked $tmp/page.md $tmp/other"

# What a block shows.
DOCS_WORDS=([NAME]=copy)
printf '%s\n' '```console' '# echo "a (long) line: NAME"' 'a (lo...: NAME' '```' >"$tmp/page.md"
ok "what a command says, of which the page leaves a part out, with words that stand for others" passes run_block
sed -i 's/: NAME$/: OTHER/' "$tmp/page.md"
not_ok "it says something else" passes run_block
printf '%s\n' '<!-- fails, tested by x -->' '```console' '# false' '# true' '```' >"$tmp/page.md"
ok "a command that shows an error" passes run_block
sed -i 's/^# false/# true/' "$tmp/page.md"
not_ok "it shows none" passes run_block
DOCS_WORDS=()

# The pages whose other commands 66-docs.t runs.
DOCS_COUNT=0
for page in $(sed -n 's/^run_page //p' tests/vm/t/66-docs.t); do
	each_block "$page" marked_elsewhere
done
isnt "$DOCS_COUNT" 0 "the pages have such blocks"
done_testing
