# SPDX-License-Identifier: Apache-2.0
# The changer through mtx and sg3-utils. Wants $DRIVES drives, $SLOTS slots, $MAIL mail slots, $CARTRIDGES cartridges in
# the first slots. Leaves the inventory as it was, but for cartridge 3, which goes to the last slot and back.
. /ctl/cases/lib.sh

same "lsscsi shows every drive" "$DRIVES" "$(lsscsi | grep -c ' tape ')"
same "lsscsi shows the changer" 1 "$(lsscsi | grep -c ' mediumx ')"
shows "mtx inquiry" 'Product Type: Medium Changer' mtx -f "$CHANGER" inquiry
check "mtx status" mtx -f "$CHANGER" status
status=$(mtx -f "$CHANGER" status)
shows "mtx status: the element counts" "Storage Changer .*:$DRIVES Drives, $((SLOTS + MAIL)) Slots \\( $MAIL Import/Export \\)" mtx -f "$CHANGER" status
same "mtx status: empty drives" "$DRIVES" "$(grep -c 'Data Transfer Element [0-9]*:Empty' <<<"$status")"
same "mtx status: cartridges with barcodes" "$CARTRIDGES" "$(grep -cE 'Storage Element [0-9]+:Full *:VolumeTag *= *[A-Z0-9]{8}' <<<"$status")"
same "mtx status: mail slots are empty" "$MAIL" "$(grep -c 'IMPORT/EXPORT:Empty' <<<"$status")"
same "barcodes are different" "$CARTRIDGES" "$(grep -oE 'VolumeTag *= *[^ ]+' <<<"$status" | sort -u | wc -l)"
one=$(tag_of_slot 1)
two=$(tag_of_slot 2)
three=$(tag_of_slot 3)
check "mtx inventory" mtx -f "$CHANGER" inventory
same "inventory changes nothing" "$status" "$(mtx -f "$CHANGER" status)"
check "mtx load 1 0" mtx -f "$CHANGER" load 1 0
shows "a loaded drive shows where its cartridge came from" "Data Transfer Element 0:Full \\(Storage Element 1 Loaded\\) *:VolumeTag *= *$one" mtx -f "$CHANGER" status
shows "the slot it came from is empty" 'Storage Element 1:Empty' mtx -f "$CHANGER" status
refused "load into an occupied drive is refused" mtx -f "$CHANGER" load 2 0
refused "load from an empty slot is refused" mtx -f "$CHANGER" load 1 1
refused "unload into an occupied slot is refused" mtx -f "$CHANGER" unload 2 0
refused "unload of an empty drive is refused" mtx -f "$CHANGER" unload 1 1
refused "load of a slot that is not there is refused" mtx -f "$CHANGER" load 999 1
same "refused moves change nothing" "$one $two" "$(mtx -f "$CHANGER" status | sed -nE 's/.*Element 0:Full .*VolumeTag *= *([^ ]+).*/\1/p') $(tag_of_slot 2)"
check "mtx load 2 1" mtx -f "$CHANGER" load 2 1
check "mtx transfer to another slot" mtx -f "$CHANGER" transfer 3 "$SLOTS"
same "the transferred cartridge is there" "$three" "$(tag_of_slot "$SLOTS")"
check "mtx transfer back" mtx -f "$CHANGER" transfer "$SLOTS" 3
check "mtx unload to another slot" mtx -f "$CHANGER" unload "$SLOTS" 0
same "it is in that slot" "$one" "$(tag_of_slot "$SLOTS")"
check "mtx transfer home" mtx -f "$CHANGER" transfer "$SLOTS" 1
check "mtx unload 2 1" mtx -f "$CHANGER" unload 2 1
same "the inventory is as at first" "$status" "$(mtx -f "$CHANGER" status)"
shows "loaderinfo" "Number of Storage Elements: *$SLOTS" loaderinfo -f "$CHANGER"
shows "loaderinfo: mail slots" "Number of Import/Export Elements: *$MAIL" loaderinfo -f "$CHANGER"
finish
