#!/usr/bin/env bash
# Lays out the root of a container image: image.sh DIST ROOT. Unpacks the self-contained archive of
# DIST to ROOT/opt/penstock, and copies the libraries of the system that its programs load.
set -euo pipefail
dist=$1
root=$2

archives=("$dist"/penstock-*-linux-x64.tar.gz "$dist"/penstock-*-linux-aarch64.tar.gz)
for archive in "${archives[@]}"; do
  [ -f "$archive" ] && break
done
[ -f "$archive" ] || { echo "image.sh: no archive in $dist" >&2; exit 1; }

home=$root/opt/penstock
mkdir -p "$home" "$root/data" "$root/etc/penstock" "$root/tmp"
chmod 1777 "$root/tmp"
tar -C "$home" --strip-components 1 -xzf "$archive"
rm -rf "${home:?}/bin" "${home:?}/docs"

{
  cat "$home/lib/jvm.options"
  echo "-Djava.library.path=/opt/penstock/lib/native"
  [ ! -f "$home/lib/penstock.aot" ] || echo "-XX:AOTCache=/opt/penstock/lib/penstock.aot"
  echo "-jar /opt/penstock/lib/penstock.jar"
} >"$home/lib/image.options"

find "$home" -type f \( -name java -o -name '*.so' \) -exec ldd {} + 2>/dev/null |
  awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/.*ld-linux/ {print $1}' | sort -u |
  grep -v "^$(readlink -f "$home")" | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

echo 'penstock:x:65532:65532::/:/nonexistent' >"$root/etc/passwd"
echo 'penstock:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
