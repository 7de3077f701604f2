#!/usr/bin/env bash
# Compiles a header of `smallbatch export --c` for wasm32 and puts it into a page beside it; without a header iris.h into index.html.
# Needs clang and lld.
set -euo pipefail
home=$(cd "$(dirname "$0")" && pwd)
header=$(realpath "${1:-$home/iris.h}")
page=$home/index.html
if [ $# -gt 0 ]; then
    page=${1%.h}.html
fi
capitals=$(sed -n 's/^#ifndef \(.*\)_H$/\1/p' "$header" | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
times=$(grep -q '_time(' "$header" && echo -DHAS_TIMES || true)
clang --target=wasm32 -std=c99 -O2 -ffreestanding -nostdlib -mbulk-memory -Wall -Wextra -Werror \
    -DHEADER="\"$header\"" -DCAPITALS="$capitals" -DNAME="$(tr '[:upper:]' '[:lower:]' <<< "$capitals")" $times \
    -Wl,--no-entry -Wl,--strip-all -o "$work/model.wasm" "$home/model.c"
{
    sed '/^const wasm = /,$d' "$home/index.html"
    printf 'const wasm = "%s";\n' "$(base64 "$work/model.wasm" | tr -d '\n')"
    sed '1,/^const wasm = /d' "$home/index.html"
} > "$work/page.html"
cp "$work/page.html" "$page"
printf '%s: %s bytes, of which %s are wasm, %s compressed\n' "$(basename "$page")" "$(wc -c < "$page")" \
    "$(wc -c < "$work/model.wasm")" "$(gzip -9 < "$work/model.wasm" | wc -c)"
