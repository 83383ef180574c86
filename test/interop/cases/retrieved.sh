# SPDX-License-Identifier: Apache-2.0
# A retrieved cartridge, named in /share/exported, is read-only and holds what was written before the export (/share/exported.data).
. /ctl/cases/lib.sh

TAG=$(cat /share/exported)
slot=$(slot_of_tag "$TAG")
mail=$(mail_slots | head -1)
echo "# $TAG is in slot ${slot:-none}, the first mail slot is $mail"
check "the retrieved cartridge is in the library" test -n "$slot"
check "load it" mtx -f "$CHANGER" load "$slot" 0
T=$(tape_in_bay 0)
shows "it is write-protected" 'WR_PROT' mt -f "$T" status
same "its data is as it was written" "$(sum /share/exported.data)" "$(dd if="$T" bs=256k status=none | sum_stdin)"
refused "it takes no writes" dd if=/share/exported.data of="$T" bs=256k count=1
check "rewind" mt -f "$T" rewind
refused "it takes no filemarks" mt -f "$T" weof 1
check "rewind again" mt -f "$T" rewind
refused "it is not erased" mt -f "$T" erase
mt -f "$T" rewind
same "and the data is still there" "$(sum /share/exported.data)" "$(dd if="$T" bs=256k status=none | sum_stdin)"
check "unload" mtx -f "$CHANGER" unload "$slot" 0
finish
