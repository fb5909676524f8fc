#!/usr/bin/env bash
# Installs the Debian packages of the commands that are absent; does nothing when all are there.
# Usage: ops/debian.sh [--unpack FOLDER] COMMAND=PACKAGE[,PACKAGE …] …, where a command is a name on the PATH or a path
# With --unpack the packages are unpacked into the folder only: no service of theirs is started.
set -euo pipefail

folder=
if [[ ${1-} == --unpack ]]; then folder=$2; shift 2; fi
missing=() packages=()
for pair in "$@"; do
  if ! command -v "${pair%%=*}" >/dev/null; then missing+=("${pair%%=*}"); IFS=, read -ra needed <<<"${pair#*=}"; packages+=("${needed[@]}"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

give_up() { echo "tidegauge: needs ${missing[*]}; $*" >&2; exit 1; }
as_root=()
if ! command -v apt-get >/dev/null; then give_up "there is no apt-get here to install ${packages[*]}"; fi
if ((EUID != 0)); then
  if ! sudo -n true 2>/dev/null; then give_up "as root: apt-get install ${packages[*]}"; fi
  as_root=(sudo -n)
fi

echo "Installing ${packages[*]} with apt-get, once; about a minute …"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null; }
unpack() {
  mkdir -p "$folder"
  (cd "$folder" && apt-get -qq download "${packages[@]}" >>"$log" 2>&1 && for deb in *.deb; do dpkg-deb -x "$deb" . && rm "$deb"; done)
}
put_there() { if [[ $folder ]]; then unpack; else apt install -y --no-install-recommends "${packages[@]}"; fi; }
if ! apt update || ! put_there; then
  give_up "apt-get could not install ${packages[*]}: $(grep -m 1 '^E:' "$log" | cut -c 1-160 || true)"
fi
