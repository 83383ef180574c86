# SPDX-License-Identifier: Apache-2.0
# tar on one cartridge and over several small ones, changed by mtx. Wants $SIZE_MIB, the cartridges' size, and at least
# four cartridges.
. /ctl/cases/lib.sh

# A tree of small and large files.
mkdir -p $work/tree/sub
for i in $(seq 1 40); do random_file $work/tree/small.$i $((i * 997)); done
for i in 1 2 3; do random_file $work/tree/sub/large.$i $((SIZE_MIB * 280 * 1024)); done
ln -s large.1 $work/tree/sub/link
checksums() { (cd "$1" && find . -type f -exec sha256sum {} + | sort -k2 | sha256sum); }

read -r -a slots <<<"$(full_slots | tr '\n' ' ')"
check "load" load "${slots[0]}" 0
T=$(tape_in_bay 0)
for factor in 1 20 128 512; do
  check "tar -b $factor writes" tar -C $work/tree -c -b $factor -f "$T" $(cd $work/tree && ls small.*)
  mt -f "$T" rewind
  check "tar -b $factor compares" tar -C $work/tree -d -b $factor -f "$T"
  mt -f "$T" rewind
  rm -rf $work/out; mkdir -p $work/out
  check "tar -b $factor reads" tar -C $work/out -x -b $factor -f "$T"
  same "tar -b $factor: every file is equal" "$(cd $work/tree && sha256sum small.* | sha256sum)" "$(cd $work/out && sha256sum small.* | sha256sum)"
  mt -f "$T" rewind
done
check "a second archive goes behind the first" sh -c "tar -C $work/tree -cf $T small.1 && tar -C $work/tree -cf $T small.2 && mt -f $T rewind && mt -f $T fsf 1 && tar -tf $T | grep -x small.2"

# Three or more volumes: tar calls this script when a volume is full; it changes the cartridge.
cat >$work/next-volume <<SCRIPT
#!/bin/bash
# \$TAR_VOLUME is the volume tar wants next.
slots=(${slots[*]})
mt -f $T offline
mtx -f $CHANGER unload \${slots[\$((TAR_VOLUME - 2))]} 0 && mtx -f $CHANGER load \${slots[\$((TAR_VOLUME - 1))]} 0 || exit 1
for i in \$(seq 1 50); do mt -f $T status 2>/dev/null | grep -q ONLINE && break; sleep 0.1; done
echo "volume \$TAR_VOLUME" >>$work/volumes
SCRIPT
chmod +x $work/next-volume
mt -f "$T" rewind
random_file $work/tree/sub/large.4 $((SIZE_MIB * 1800 * 1024))
rm -f $work/volumes
check "tar -M writes over several cartridges" tar -C $work/tree -c -M -F $work/next-volume -b 64 -f "$T" .
last=$(wc -l <$work/volumes)
echo "# $((last + 1)) volumes"
if [ "$last" -ge 2 ]; then pass "tar needed three cartridges or more"; else fail "tar needed three cartridges or more"; fi
mt -f "$T" offline
check "change back to the first volume" sh -c "mtx -f $CHANGER unload ${slots[$last]} 0 && mtx -f $CHANGER load ${slots[0]} 0"
tape_in_bay 0 >/dev/null
rm -rf $work/out $work/volumes; mkdir -p $work/out
check "tar -M reads them back" tar -C $work/out -x -M -F $work/next-volume -b 64 -f "$T"
same "every file of the volumes is equal" "$(checksums $work/tree)" "$(checksums $work/out)"
check "the link is a link" test -L $work/out/sub/link
mt -f "$T" offline
check "unload the last volume" mtx -f "$CHANGER" unload "${slots[$(wc -l <$work/volumes)]}" 0
finish
