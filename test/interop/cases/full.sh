# SPDX-License-Identifier: Apache-2.0
# Writing a small cartridge to its end and reading everything back. Wants $SIZE_MIB, the cartridges' size. Uses the first
# full slot and bay 0.
. /ctl/cases/lib.sh

slot=$(full_slots | head -1)
check "load a cartridge of $SIZE_MIB MiB" load "$slot" 0
T=$(tape_in_bay 0)
random_file $work/data $(((SIZE_MIB + 64) << 20))

# to_end NAME BLOCKSIZE ST-BLOCK: writes until the drive says the tape is full, then a filemark, then reads all.
to_end() {
  local name=$1 size=$2 written got output
  mt -f "$T" rewind
  mt -f "$T" setblk "$3"
  output=$(dd if=$work/data of="$T" bs="$size" 2>&1)
  if grep -q 'No space left' <<<"$output"; then pass "$name: the end of the tape is ENOSPC"; else fail "$name: the end of the tape is ENOSPC" "$output"; fi
  written=$(sed -nE 's/^[0-9]+\+[0-9]+ records out.*//p;s/^([0-9]+) bytes.*/\1/p' <<<"$output" | tail -1)
  if [ "${written:-0}" -ge $((SIZE_MIB * 1000000 * 8 / 10)) ] && [ "${written:-0}" -le $((SIZE_MIB << 20)) ]; then
    pass "$name: about as much went on it as it is large"
  else
    fail "$name: about as much went on it as it is large" "$written bytes"
  fi
  echo "# $name: $written bytes"
  check "$name: two filemarks still go behind the data" mt -f "$T" weof 2
  check "$name: rewind" mt -f "$T" rewind
  got=$(dd if="$T" bs="$size" 2>$work/err | tee >(wc -c >$work/count) | sum_stdin)
  sleep 0.2
  same "$name: as many bytes come back" "$written" "$(cat $work/count)"
  same "$name: and they are equal" "$(head -c "$written" $work/data | sum_stdin)" "$got"
  same "$name: behind the filemark lies nothing" 0 "$(dd if="$T" bs="$size" 2>/dev/null | wc -c)"
}
to_end "variable 64 KiB blocks" 65536 0
to_end "variable 1 MiB blocks" 1048576 0
to_end "fixed 512 byte blocks" 65536 512
to_end "fixed 32 KiB blocks" 262144 32768

# A program that goes on after the warning gets further, and then a hard end.
mt -f "$T" rewind
mt -f "$T" setblk 0
python3 - "$T" <<'PY'
import errno, os, sys
block = b"x" * 65536
fd = os.open(sys.argv[1], os.O_RDWR)
count, warnings, hard = 0, 0, False
for _ in range(1 << 20):
    try:
        os.write(fd, block)
        count += 1
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            print("not ok writing on behind the warning ends with ENOSPC\n    " + str(problem))
            break
        warnings += 1
        if warnings > 3:
            hard = True
            break
print(f"# {count} blocks, {warnings} times no space")
print(("ok" if hard else "not ok") + " writing on behind the warning ends with ENOSPC every time")
os.close(fd)
PY
check "rewind after the hard end" mt -f "$T" rewind
check "unload" mtx -f "$CHANGER" unload "$slot" 0
finish
