# SPDX-License-Identifier: Apache-2.0
# Bacula's own tests of a tape drive: btape "test" (blocks, positions, append, the autochanger) with the storage daemon's
# shipped configuration, to which the library is added. Wants cartridges in slots 1 and 2;
# overwrites both.
. /ctl/cases/lib.sh

check "load" load 1 0
T=$(tape_in_bay 0)
conf=/etc/bacula/bacula-sd.conf
cp $conf $work/bacula-sd.conf
cat >>$work/bacula-sd.conf <<CONF

Autochanger {
  Name = CapstanChanger
  Device = CapstanDrive
  Changer Command = "/etc/bacula/scripts/mtx-changer %c %o %S %a %d"
  Changer Device = $CHANGER
}
Device {
  Name = CapstanDrive
  Drive Index = 0
  Media Type = LTO-8
  Archive Device = $T
  AutomaticMount = yes
  AlwaysOpen = yes
  RemovableMedia = yes
  RandomAccess = no
  AutoChanger = yes
}
CONF
ls /etc/bacula/scripts | tr '\n' ' ' | sed 's/^/# scripts: /'; echo
check "the shipped configuration, with the library added, is valid" bacula-sd -t -c $work/bacula-sd.conf
for i in 1 2; do mt -f "$T" rewind; mt -f "$T" weof 1; done
mt -f "$T" rewind

# Answers: yes, the autochanger is to be tested too.
timeout 1500 btape -c $work/bacula-sd.conf "$T" >$work/btape.out 2>&1 <<'ANSWERS'
test
y
quit
ANSWERS
code=$?
mkdir -p /ctl/out && cp $work/btape.out /ctl/out/btape.out
same "btape ends by itself" 0 "$code"
output=$(cat $work/btape.out)
has() { if grep -qE -- "$2" $work/btape.out; then pass "$1"; else fail "$1" "$output"; fi; }
same "btape: both files of 10000 blocks are re-read correctly" 2 "$(grep -c '^10000 blocks re-read correctly' $work/btape.out)"
for block in 5 201 10000 10001 10601 20000; do
  has "btape: block $block is found by its position" "^Block $block re-read correctly"
done
has "btape: the end of data is in file 3" 'I am at file 3\. This is correct'
has "btape: appending ends in file 4" 'I am at file 4\. This is correct'
has "btape: the autochanger test succeeded" 'The test autochanger worked|autochanger worked'
if grep -qiE 'test failed|ERR=|NOT correct|must fix' $work/btape.out; then
  fail "btape reports no error" "$(grep -iE -B2 'test failed|ERR=|NOT correct|must fix' $work/btape.out)"
else
  pass "btape reports no error"
fi
mt -f "$T" offline
mtx -f "$CHANGER" unload 1 0 >/dev/null 2>&1
check "the first cartridge is in its slot again" test -n "$(tag_of_slot 1)"
finish
