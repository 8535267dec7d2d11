#!/usr/bin/env bash
# Make sure that the system's libraries that the pinned wheels load are there.
# usage: requirements/system.sh LIBRARY=DEBIAN_PACKAGE ...
set -euo pipefail

missing=()
for pair in "$@"; do
  "${PYTHON:-python3}" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "${pair%%=*}" 2>/dev/null || missing+=("${pair##*=}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "make setup: system libraries are missing; on Debian, as root: apt-get install ${missing[*]}" >&2
  exit 2
fi
