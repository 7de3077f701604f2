#!/usr/bin/env bash
# Compiles iris.c for wasm32 and puts it into index.html. Needs clang and lld.
set -euo pipefail
cd "$(dirname "$0")"
module=$(mktemp)
trap 'rm -f "$module"' EXIT
clang --target=wasm32 -std=c99 -O2 -ffreestanding -nostdlib -mbulk-memory -Wall -Wextra -Werror \
    -Wl,--no-entry -Wl,--strip-all -o "$module" iris.c
text=$(base64 "$module" | tr -d '\n')
sed -i.old "s|^const wasm = .*|const wasm = \"$text\";|" index.html
rm index.html.old
printf 'index.html: %s bytes, of which %s are wasm\n' "$(wc -c < index.html)" "$(wc -c < "$module")"
