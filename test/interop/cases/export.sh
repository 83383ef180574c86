# SPDX-License-Identifier: Apache-2.0
# A cartridge is written, moved to a mail slot, and is gone. Wants it in the first full slot. Says its barcode in
# /share/exported and waits for /share/retrieved.
. /ctl/cases/lib.sh

slot=$(full_slots | head -1)
tag=$(tag_of_slot "$slot")
check "load" load "$slot" 0
T=$(tape_in_bay 0)
random_file $work/data $((5 << 20))
check "write" dd if=$work/data of="$T" bs=256k status=none
cp $work/data /share/exported.data
check "offline" mt -f "$T" offline
check "unload" mtx -f "$CHANGER" unload "$slot" 0
mail=$(mail_slots | head -1)
check "move it to a mail slot" mtx -f "$CHANGER" transfer "$slot" "$mail"
for _ in $(seq 1 100); do
  mtx -f "$CHANGER" status | grep -q "$tag" || break
  sleep 0.1
done
same "it has left the library" "" "$(mtx -f "$CHANGER" status | grep "$tag")"
shows "the mail slot is empty again" "Storage Element $mail IMPORT/EXPORT:Empty" mtx -f "$CHANGER" status
refused "an empty mail slot has nothing to give" mtx -f "$CHANGER" transfer "$mail" "$slot"
echo "$tag" >/share/exported.new && mv /share/exported.new /share/exported
for _ in $(seq 1 1200); do [ -e /share/retrieved ] && break; sleep 0.1; done
check "the other side retrieved it" test -e /share/retrieved
finish
