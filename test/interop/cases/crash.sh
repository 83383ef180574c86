# SPDX-License-Identifier: Apache-2.0
# The target is killed while this host writes, and started again; the session stays. Talks with the other side through
# /share: writes "writing" when data flows, waits for "restarted". What was synced by a filemark must be there.
. /ctl/cases/lib.sh

slot=$(full_slots | head -1)
tag=$(tag_of_slot "$slot")
check "load" load "$slot" 0
T=$(tape_in_bay 0)
for i in 1 2 3; do
  random_file $work/synced.$i $((i * 3 << 20))
  check "write file $i, closed by a filemark" dd if=$work/synced.$i of="$T" bs=256k status=none
done
(dd if=/dev/urandom bs=256k count=4000 status=none | dd of="$T" bs=256k iflag=fullblock status=none; echo $? >$work/writer) 2>$work/writer.err &
writer=$!
sleep 1
touch /share/writing
for _ in $(seq 1 600); do [ -e /share/restarted ] && break; sleep 0.1; done
check "the target came back" test -e /share/restarted
wait $writer
echo "# the writer ended with $(cat $work/writer): $(cat $work/writer.err)"
for _ in $(seq 1 300); do mt -f "$T" rewind 2>/dev/null && break; sleep 0.2; done
check "the session is there again" sg_turs "$(sg_of "$T")"
check "rewind after the crash" mt -f "$T" rewind
shows "the cartridge is still in the drive" "Data Transfer Element 0:Full.*$tag" mtx -f "$CHANGER" status
for i in 1 2 3; do
  same "file $i is there, byte for byte" "$(sum $work/synced.$i)" "$(dd if="$T" bs=256k status=none | sum_stdin)"
done
check "mt eod behind a crash" mt -f "$T" eod
check "a filemark closes what the crash left" mt -f "$T" weof 1
check "writing goes on" dd if=$work/synced.1 of="$T" bs=256k status=none
check "back to the new file" mt -f "$T" bsfm 2
same "what was written after the crash reads back" "$(sum $work/synced.1)" "$(dd if="$T" bs=256k status=none | sum_stdin)"
mt -f "$T" rewind
check "unload after the crash" mtx -f "$CHANGER" unload "$slot" 0
same "it is in its slot" "$tag" "$(tag_of_slot "$slot")"
finish
