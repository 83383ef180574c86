# SPDX-License-Identifier: Apache-2.0
# One drive through Linux st: mt, and dd with fixed and variable blocks. Needs a cartridge of 200 MiB or more in the
# first full slot and drive bay 0 empty.
. /ctl/cases/lib.sh

slot=$(full_slots | head -1)
tag=$(tag_of_slot "$slot")
same "every drive is empty at first" "" "$(for t in $(tapes); do is_online "$t" && echo "$t"; done)"
first=$(tapes | head -1)
shows "mt status of an empty drive says so" 'DR_OPEN' mt -f "$first" status
check "mtx load puts a cartridge into drive bay 0" load "$slot" 0
T=$(tape_in_bay 0)
[ -n "$T" ] || { fail "the drive becomes ready after the load" "$(mtx -f "$CHANGER" status)"; finish; }
pass "the drive becomes ready after the load"
S=$(sg_of "$T")
shows "mt status: beginning of tape, online" 'BOT.*ONLINE' mt -f "$T" status
shows "mt status: file 0, block 0" '^File number=0, block number=0, partition=0' mt -f "$T" status

# Three tape files of 5, 7 and 3 blocks; then every movement lands where it should.
random_file $work/a $((5 * 65536))
random_file $work/b $((7 * 65536))
random_file $work/c $((3 * 65536))
for f in a b c; do
  check "dd writes tape file $f in 64 KiB blocks" dd if=$work/$f of="$T" bs=65536 status=none
done
same "tell after three files counts blocks and filemarks" 18 "$(block_number "$T")"
same "status after three files" 3.0 "$(file_number "$T")"
check "mt rewind" mt -f "$T" rewind
same "rewind leads to block 0" 0 "$(block_number "$T")"
check "mt fsf 1" mt -f "$T" fsf 1
same "fsf 1 leads behind the first filemark" "6 1.0" "$(block_number "$T") $(file_number "$T")"
check "mt fsr 3" mt -f "$T" fsr 3
same "fsr 3 leads to block 3 of file 1" "9 1.3" "$(block_number "$T") $(file_number "$T")"
check "mt bsr 2" mt -f "$T" bsr 2
same "bsr 2 leads to block 1 of file 1" "7 1.1" "$(block_number "$T") $(file_number "$T")"
refused "fsr over a filemark fails" mt -f "$T" fsr 20
same "fsr over a filemark stops behind it" 14 "$(block_number "$T")"
check "mt bsf 1" mt -f "$T" bsf 1
same "bsf 1 leads before the filemark" 13 "$(block_number "$T")"
check "mt bsfm 1" mt -f "$T" bsfm 1
same "bsfm 1 leads behind the previous filemark" 6 "$(block_number "$T")"
check "mt fsfm 1" mt -f "$T" fsfm 1
same "fsfm 1 leads before the next filemark" 13 "$(block_number "$T")"
check "mt eod" mt -f "$T" eod
same "eod leads to the end of data" 18 "$(block_number "$T")"
shows "mt status: end of data" 'EOD' mt -f "$T" status
refused "fsf beyond the end of data fails" mt -f "$T" fsf 1
check "mt asf 2" mt -f "$T" asf 2
same "asf 2 leads to the third file" 14 "$(block_number "$T")"
check "mt seek 8" mt -f "$T" seek 8
same "seek 8 leads to block 8" 8 "$(block_number "$T")"
same "seek finds the right block" "$(dd if=$work/b bs=65536 skip=2 count=1 status=none | sum_stdin)" \
  "$(dd if="$T" bs=65536 count=1 status=none | sum_stdin)"
refused "bsr before the beginning of tape fails" sh -c "mt -f $T rewind && mt -f $T bsr 1"
check "mt rewind before reading" mt -f "$T" rewind
for f in a b c; do
  same "tape file $f reads back equal" "$(sum $work/$f)" "$(dd if="$T" bs=65536 status=none | sum_stdin)"
done
same "a read at end of data gives nothing" 0 "$(dd if="$T" bs=65536 status=none 2>/dev/null | wc -c)"

# Blocks shorter and longer than the buffer.
check "rewind before short reads" mt -f "$T" rewind
same "a larger buffer gets the block as it is" 65536 "$(dd if="$T" bs=262144 count=1 status=none | wc -c)"
refused "a smaller buffer is refused, not filled with a part" dd if="$T" of=/dev/null bs=32768 count=1
check "setblk 4096" mt -f "$T" setblk 4096
shows "mt status: block size 4096" 'Tape block size 4096 bytes' mt -f "$T" status
check "rewind in fixed mode" mt -f "$T" rewind
refused "fixed blocks of another size do not read" dd if="$T" of=/dev/null bs=4096 count=1

# Fixed and variable blocks of many sizes.
for size in 512 1024 4096 10240 32768 65536 262144 524288 1048576; do
  random_file $work/fixed $((size > 65536 ? size * 4 : 262144 / size * size))
  mt -f "$T" rewind
  check "fixed blocks of $size: setblk" mt -f "$T" setblk $size
  check "fixed blocks of $size: write" dd if=$work/fixed of="$T" bs=$((size > 262144 ? size : 262144 / size * size)) status=none
  mt -f "$T" rewind
  same "fixed blocks of $size: read back equal" "$(sum $work/fixed)" "$(dd if="$T" bs=$((size > 262144 ? size : size * 2)) status=none | sum_stdin)"
  mt -f "$T" rewind
  mt -f "$T" setblk 0
  same "fixed blocks of $size: are $size bytes long for a variable read" "$size" "$(dd if="$T" bs=2097152 count=1 status=none | wc -c)"
done
check "setblk 0" mt -f "$T" setblk 0
mt -f "$T" rewind
sizes="512 513 1000 4096 10240 65535 65536 131072 262144 524288 1048576 2097152 4194304"
for size in $sizes; do
  random_file $work/var.$size "$size"
  check "variable block of $size: write" dd if=$work/var.$size of="$T" bs="$size" count=1 status=none
done
mt -f "$T" rewind
for size in $sizes; do
  same "variable block of $size: read back equal" "$(sum $work/var.$size)" "$(dd if="$T" bs=4194304 count=1 status=none | sum_stdin)"
  mt -f "$T" fsf 1
done

# Filemarks, overwriting, erasing.
mt -f "$T" rewind
check "mt weof 3" mt -f "$T" weof 3
same "weof 3 moves over three filemarks" "3 3.0" "$(block_number "$T") $(file_number "$T")"
refused "data behind an overwritten beginning is gone" mt -f "$T" fsf 1
mt -f "$T" rewind
for f in a b c; do dd if=$work/$f of="$T" bs=65536 status=none; done
mt -f "$T" asf 1
check "overwrite in mid-tape" dd if=$work/c of="$T" bs=65536 status=none
refused "an overwrite ends the data there" mt -f "$T" fsf 1
mt -f "$T" rewind
same "what lies before an overwrite stays" "$(sum $work/a)" "$(dd if="$T" bs=65536 status=none | sum_stdin)"
same "the overwritten file is the new one" "$(sum $work/c)" "$(dd if="$T" bs=65536 status=none | sum_stdin)"
mt -f "$T" asf 1
check "mt erase" mt -f "$T" erase
mt -f "$T" rewind
same "erase keeps what lies before" "$(sum $work/a)" "$(dd if="$T" bs=65536 status=none | sum_stdin)"
refused "erase removes what lies behind" mt -f "$T" fsf 1
mt -f "$T" rewind
check "mt erase from the beginning" mt -f "$T" erase
mt -f "$T" rewind
same "an erased tape gives nothing" 0 "$(dd if="$T" bs=65536 status=none 2>/dev/null | wc -c)"

# 200 MiB in 256 KiB blocks, compared.
mt -f "$T" rewind
random_file $work/big $((96 << 20))
check "dd writes 96 MiB in 256 KiB blocks" dd if=$work/big of="$T" bs=256k status=none
mt -f "$T" rewind
same "96 MiB read back equal" "$(sum $work/big)" "$(dd if="$T" bs=256k status=none | sum_stdin)"
rm -f $work/big

check "tapeinfo" tapeinfo -f "$S"
shows "tapeinfo knows the block limits" 'MinBlock: *[0-9]+' tapeinfo -f "$S"
check "mt offline" mt -f "$T" offline
same "after offline the drive is not ready" "" "$(mt -f "$T" status | grep ONLINE)"
check "mt load takes the cartridge in again" mt -f "$T" load
# The st driver itself does not know where it is behind a load that it asked for.
same "after load it is at the beginning again" 0 "$(block_number "$T")"
same "mt load keeps the data" "$(dd if="$T" bs=256k count=1 status=none | wc -c)" 262144
mt -f "$T" rewind
check "mtx unload brings the cartridge back" mtx -f "$CHANGER" unload "$slot" 0
same "the cartridge is in its slot again" "$tag" "$(tag_of_slot "$slot")"
shows "an emptied drive says so" 'DR_OPEN' mt -f "$T" status
finish
