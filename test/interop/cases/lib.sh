# SPDX-License-Identifier: Apache-2.0
# Helpers of the guest cases: named checks that print one line each, and where the devices are. Sourced, not run.
# Every check prints "ok NAME" or "not ok NAME", the second with the output indented behind it; `finish` ends the script
# non-zero when one failed. Nothing here ends a script early: later checks still say what they see.

failures=0
work=/tmp/work
mkdir -p $work

# Says that NAME holds.
pass() { echo "ok $1"; }
# Says that NAME does not hold; the rest are lines of explanation.
fail() {
  failures=$((failures + 1))
  echo "not ok $1"
  shift
  printf '%s\n' "$@" | tail -25 | sed 's/^/    /'
}
# check NAME COMMAND...: the command ends with 0.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then pass "$name"; else fail "$name" "\$ $* (exit $?)" "$output"; fi
}
# refused NAME COMMAND...: the command fails, in time.
refused() {
  local name=$1 output code
  shift
  output=$(timeout 120 "$@" 2>&1)
  code=$?
  if [ $code != 0 ] && [ $code != 124 ]; then pass "$name"; else fail "$name" "\$ $* (exit $code, wanted a failure)" "$output"; fi
}
# shows NAME PATTERN COMMAND...: the command ends with 0 and its output matches the extended regular expression.
shows() {
  local name=$1 pattern=$2 output code
  shift 2
  output=$("$@" 2>&1)
  code=$?
  if [ $code = 0 ] && grep -qE -- "$pattern" <<<"$output"; then pass "$name"; else fail "$name" "\$ $* (exit $code, wanted /$pattern/)" "$output"; fi
}
# same NAME WANTED GOT
same() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "wanted: $2" "got:    $3"; fi; }
finish() {
  dmesg | grep -E 'detected conn error|hung_task|rejecting I/O|BUG:|Oops' | tail -5 | sed 's/^/# /'
  if [ $failures = 0 ]; then exit 0; fi
  echo "# $failures checks failed"
  exit 1
}

# All tape devices (without rewind), the SCSI generic device of one, and of the changer.
tapes() { ls -d /sys/class/scsi_tape/nst* | grep -E 'nst[0-9]+$' | sed 's#.*/#/dev/#' | sort -V; }
sg_of() { echo /dev/"$(basename "$(readlink -f /sys/class/scsi_tape/"$(basename "$1")"/device/generic)")"; }
changer() { echo /dev/"$(basename "$(readlink -f /sys/class/scsi_changer/sch0/device/generic)")"; }
is_online() { mt -f "$1" status 2>/dev/null | grep -q ONLINE; }
# The tape device that stands in drive bay $1, in which a cartridge is: the one that came online.
tape_in_bay() {
  local t others=" ${2:-} "
  for _ in $(seq 1 50); do
    for t in $(tapes); do
      case $others in *" $t "*) continue ;; esac
      if is_online "$t"; then echo "$t"; return; fi
    done
    sleep 0.1
  done
}
# Storage slots with a cartridge (whose barcode begins with $PREFIX, where that is set), empty ones, and mail slots, as
# mtx numbers them.
full_slots() { mtx -f "$CHANGER" status | sed -nE "s/^ *Storage Element ([0-9]+):Full *:VolumeTag *= *${PREFIX:-}.*/\1/p"; }
empty_slots() { mtx -f "$CHANGER" status | sed -nE 's/^ *Storage Element ([0-9]+):Empty.*/\1/p'; }
mail_slots() { mtx -f "$CHANGER" status | sed -nE 's/^ *Storage Element ([0-9]+) IMPORT.*/\1/p'; }
tag_of_slot() { mtx -f "$CHANGER" status | sed -nE "s/^ *Storage Element $1( IMPORT.EXPORT)?:Full *:VolumeTag *= *([^ ]+) *\$/\2/p"; }
slot_of_tag() { mtx -f "$CHANGER" status | sed -nE "s/^ *Storage Element ([0-9]+)( IMPORT.EXPORT)?:Full *:VolumeTag *= *$1 *\$/\1/p"; }
# Loads the cartridge in slot $1 into bay $2 and waits until the drive is ready.
load() {
  mtx -f "$CHANGER" load "$1" "$2" || return 1
}

block_number() { mt -f "$1" tell | sed -nE 's/^At block ([0-9]+)\.?$/\1/p'; }
file_number() { mt -f "$1" status | sed -nE 's/^File number=(-?[0-9]+), block number=(-?[0-9]+),.*/\1.\2/p'; }
# Random bytes that do not compress: FILE SIZE
random_file() { head -c "$2" /dev/urandom >"$1"; }
sum() { sha256sum "$1" | cut -d' ' -f1; }
sum_stdin() { sha256sum | cut -d' ' -f1; }

CHANGER=$(changer)
