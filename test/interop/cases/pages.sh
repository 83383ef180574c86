# SPDX-License-Identifier: Apache-2.0
# What the devices say about themselves, through sg3-utils: INQUIRY with all its pages, mode and log pages, supported
# commands, medium attributes, persistent reservations, resets. Needs a cartridge in the first full slot.
. /ctl/cases/lib.sh

declare -A serials=()
for device in "$CHANGER" $(for t in $(tapes); do sg_of "$t"; done); do
  n=$(basename "$device")
  shows "$n: sg_inq" 'Vendor identification|Vendor_identification' sg_inq "$device"
  check "$n: sg_vpd lists its pages" sg_vpd -p sv "$device"
  for page in $(sg_vpd -p sv "$device" | grep -oE '0x[0-9a-f]{2}' | sort -u); do
    check "$n: VPD page $page" sg_vpd -p "$page" "$device"
  done
  shows "$n: has a serial number" 'Unit serial number: *[^ ]' sg_vpd -p sn "$device"
  shows "$n: has a designator" 'designator|vendor specific|NAA|T10' sg_vpd -p di "$device"
  serial=$(sg_vpd -p sn "$device" | sed -n 's/.*Unit serial number: *//p')
  same "$n: its serial number is its own" "" "${serials[$serial]:-}"
  serials[$serial]=$n
  check "$n: sg_turs or not ready" sh -c "sg_turs $device >/tmp/turs 2>&1 || grep -qi 'not ready' /tmp/turs"
  shows "$n: sg_luns" 'Lun list length' sg_luns "$device"
  check "$n: sg_requests" sg_requests "$device"
  shows "$n: sg_opcodes" 'Inquiry' sg_opcodes "$device"
  check "$n: sg_modes" sg_modes -a "$device"
done

slot=$(full_slots | head -1)
check "load a cartridge" load "$slot" 0
T=$(tape_in_bay 0)
S=$(sg_of "$T")
shows "sg_modes shows data compression" '[Dd]ata [Cc]ompression' sg_modes -a "$S"
shows "sg_modes shows the device configuration" '[Dd]evice [Cc]onfiguration' sg_modes -a "$S"
shows "sg_logs lists its pages" 'Supported log pages' sg_logs -p sp "$S"
check "sg_logs -a" sg_logs -a "$S"
shows "sg_logs shows TapeAlert" '[Tt]ape.?[Aa]lert' sg_logs -p 0x2e "$S"
shows "sg_read_attr shows the attributes" '[Mm]edium|[Bb]arcode|[Rr]emaining' sg_read_attr "$S"
check "sg_read_block_limits" sh -c "sg_raw -r 6 $S 05 00 00 00 00 00"

check "sg_persist: no keys at first" sg_persist --in -k "$S"
shows "sg_persist: capabilities" 'Report capabilities response' sg_persist --in -c "$S"
check "sg_persist: register" sg_persist --out --register --param-sark=0xabc123 "$S"
shows "sg_persist: the key is listed" '0xabc123' sg_persist --in -k "$S"
check "sg_persist: reserve, exclusive access" sg_persist --out --reserve --param-rk=0xabc123 --prout-type=3 "$S"
shows "sg_persist: the reservation is listed" 'Exclusive Access' sg_persist --in -r "$S"
check "sg_persist: full status" sg_persist --in -s "$S"
check "the holder may use the drive" mt -f "$T" rewind
check "sg_persist: release" sg_persist --out --release --param-rk=0xabc123 --prout-type=3 "$S"
check "sg_persist: unregister" sg_persist --out --register --param-rk=0xabc123 --param-sark=0 "$S"
shows "sg_persist: no keys at last" 'no registered|0 registered|there are NO' sg_persist --in -k "$S"

random_file $work/before 1048576
check "write before the reset" dd if=$work/before of="$T" bs=65536 status=none
check "sg_reset of the device" sg_reset -d "$S"
sleep 1
sg_turs "$S" >/dev/null 2>&1
check "the drive answers after the reset" sg_turs "$S"
mt -f "$T" rewind || mt -f "$T" rewind
same "what was written before the reset is there" "$(sum $work/before)" "$(dd if="$T" bs=65536 status=none | sum_stdin)"
check "sg_reset of the target" sh -c "sg_reset -t $S; sleep 1; sg_turs $S >/dev/null 2>&1; sg_turs $S"
mt -f "$T" rewind || mt -f "$T" rewind
check "sg_reset of the host: the session comes back" sh -c "sg_reset -h $S; sleep 3; sg_turs $S >/dev/null 2>&1; sg_turs $S"
mt -f "$T" rewind || mt -f "$T" rewind
same "the data is there after all resets" "$(sum $work/before)" "$(dd if="$T" bs=65536 status=none | sum_stdin)"
mt -f "$T" rewind
check "unload" mtx -f "$CHANGER" unload "$slot" 0
finish
