#!/usr/bin/env bash
# Installs one locked requirement set into a virtual environment, .venv unless named; quick when it is there already.
# Usage: PYTHON=python3 ops/install.sh local|dev|checkov|clients|bench [VENV]
set -euo pipefail
set_name=$1
venv=${2:-.venv}
lock=requirements/$set_name.txt
stamp=$venv/installed-$set_name

trap 'echo >&2; echo "tidegauge: interrupted; the same command installs it again" >&2; exit 130' INT
give_up() { echo "tidegauge: $*" >&2; exit 1; }
good() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# So that `python -m ops` of this environment works in every folder, also when an older one installed it, or elsewhere.
name_folders() {
  local folder file folders="$PWD"$'\n'"$PWD/clients/python"
  if [[ -L $venv ]]; then return; fi  # another checkout's, lent to this one
  for folder in $venv/lib/python3*/site-packages; do
    if [[ ! -d $folder ]]; then continue; fi
    file=$folder/tidegauge.pth
    if [[ ! -f $file || $(<"$file") != "$folders" ]]; then echo "$folders" >"$file"; fi
  done
}

# Asked first: without changes nothing below is needed, not even the Python that made the environment.
if [[ -x $venv/bin/python && -f $stamp && $(<"$stamp") == "$(cksum <"$lock")" ]] && good $venv/bin/python; then name_folders; exit 0; fi

PYTHON=${PYTHON:-python3}
python=$PYTHON
if ! good "$python"; then
  for candidate in python3.14 python3.13 python3.12 python3.11; do
    if good "$candidate"; then python=$candidate; break; fi
  done
fi
if ! good "$python"; then
  have=$("$PYTHON" --version 2>&1 | head -n 1) || have="no $PYTHON"
  give_up "needs Python 3.11 or newer, found $have; install one, or name it: make run PYTHON=/path/to/python3.12"
fi

total=$(grep -cE '^[a-z0-9._-]+==' "$lock") || total=0
echo "Installing $total packages into $venv, once; about a minute …"

if ! good $venv/bin/python || ! $venv/bin/python -m pip --version >/dev/null 2>&1; then
  rm -rf $venv
  "$python" -m venv $venv >/dev/null 2>&1 || {
    rm -rf $venv
    give_up "$python cannot make a virtual environment; install its venv module (Debian, Ubuntu: apt install python3-venv)"
  }
fi

log=$venv/install.log
# A package of an index is collected, a wheel of a folder processed; those for another system are passed over with a word,
# so the lock file's number is not reached before what was found is installed.
progress() {
  local line count=0 began=$SECONDS shown="reading the lock file"
  while true; do
    if IFS= read -r -t 1 line; then
      echo "$line" >>"$log"
      case $line in
        Collecting* | Processing* | Ignoring*)
          count=$((count + 1)) line=${line#* } line=${line%% *}
          shown="$count of $total  ${line##*/}" ;;
        "Installing collected packages"*) shown="installing files …" ;;
      esac
    elif [[ $? -le 128 ]]; then
      break
    fi
    if [[ -t 1 ]]; then printf '\r  %3d s  %-50.50s' "$((SECONDS - began))" "$shown"; fi
  done
  if [[ -t 1 ]]; then printf '\r%70s\r' ''; fi
}
: >"$log"
rm -f "$stamp"
# The lock has all that is needed, in versions that were tried together: what packages ask of each other was asked then.
if ! $venv/bin/python -m pip install --disable-pip-version-check --progress-bar off --retries 2 --require-hashes \
  --no-deps -r "$lock" 2>>"$log" | progress; then
  reason=$(grep -m 1 '^ERROR' "$log" | cut -c 1-160) || reason="see $log"
  if grep -qE 'NewConnectionError|Failed to establish|NameResolutionError|Could not find a version|timed out' "$log"; then
    give_up "the package index cannot be reached; connect once (or set PIP_INDEX_URL to your mirror) and run again"
  fi
  give_up "installing $lock failed: $reason"
fi

# pip names the interpreter in a script's first line, where no kernel takes a space: there a shell has to start it.
if [[ $PWD == *[[:space:]]* ]]; then
  for script in $venv/bin/*; do
    if [[ -f $script && ! -L $script ]] && head -n 1 "$script" | grep -aqF "#!$PWD/"; then
      sed -i "1c#!/bin/sh\n'''exec' \"\$(dirname \"\$0\")/python\" \"\$0\" \"\$@\"\n' '''" "$script"
    fi
  done
fi
name_folders
cksum <"$lock" >"$stamp"
