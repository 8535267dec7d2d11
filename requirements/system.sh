#!/usr/bin/env bash
# Make sure that what the pinned wheels and the tests need of the system is there.
# usage: requirements/system.sh [--optional] KIND:NAME=DEBIAN_PACKAGE ...
#   lib:SONAME   a shared library that can be loaded
#   file:GLOB    a file
#   cmd:NAME     a program, on PATH or in /usr/sbin
# As root on Debian what is missing is installed. Otherwise it is named: exit 2, or 0 with --optional (what needs it will skip).
set -euo pipefail

optional=false
[ "${1:-}" = --optional ] && { optional=true; shift; }

present() {
  local name=${1#*:}
  case $1 in
    lib:*) "${PYTHON:-python3}" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$name" 2>/dev/null ;;
    file:*) compgen -G "$name" >/dev/null ;;
    cmd:*) PATH="$PATH:/usr/sbin" command -v "$name" >/dev/null ;;
    *) echo "system.sh: got '$1', expected lib:, file: or cmd:" >&2; exit 2 ;;
  esac
}

missing=()
for pair in "$@"; do
  present "${pair%%=*}" || missing+=("${pair##*=}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
elif $optional; then
  echo "missing, so some tests will be skipped; on Debian, as root: apt-get install ${missing[*]}" >&2
else
  echo "make setup: parts of the system are missing; on Debian, as root: apt-get install ${missing[*]}" >&2
  exit 2
fi
