# SPDX-License-Identifier: Apache-2.0
# Discovery and login by hand, with and without CHAP. Wants the target names $OPEN (no CHAP), $ONE_WAY (user "host",
# $SECRET), $MUTUAL (the same, and the target proves $TARGET_SECRET as $TARGET_USER), $DENIED (for other initiators).
. /ctl/cases/lib.sh

portal=10.0.2.2:$GUEST_PORTS
shows "discovery lists the target that asks for no CHAP" "$OPEN" iscsiadm -m discovery -t sendtargets -p "$portal"
where=$(iscsiadm -m node | awk -v name="$OPEN" '$2 == name {sub(/,.*/, "", $1); print $1; exit}')
for name in "$ONE_WAY" "$MUTUAL" ${DENIED:+"$DENIED"}; do
  iscsiadm -m node -T "$name" -p "$where" >/dev/null 2>&1 || iscsiadm -m node -o new -T "$name" -p "$where" >/dev/null
done
settings() { # NAME key=value...
  local name=$1 pair
  shift
  for pair in "$@"; do iscsiadm -m node -T "$name" -p "$where" -o update -n "node.session.${pair%%=*}" -v "${pair#*=}"; done
}
login() { timeout 60 iscsiadm -m node -T "$1" -p "$where" --login; }
logout() { iscsiadm -m node -T "$1" -p "$where" --logout; }
for name in "$OPEN" "$ONE_WAY" "$MUTUAL" ${DENIED:+"$DENIED"}; do settings "$name" initial_login_retry_max=1; done

check "login without CHAP" login "$OPEN"
shows "the session is listed" "$OPEN" iscsiadm -m session
sleep 1
same "its device appears" 1 "$(lsscsi | grep -cE ' (tape|mediumx) ')"
check "logout" logout "$OPEN"
refused "a CHAP target without a secret is refused" login "$ONE_WAY"
settings "$ONE_WAY" auth.authmethod=CHAP auth.username=host auth.password=wrong-secret-1
refused "a wrong secret is refused" login "$ONE_WAY"
settings "$ONE_WAY" auth.username=nobody auth.password="$SECRET"
refused "a wrong user is refused" login "$ONE_WAY"
settings "$ONE_WAY" auth.username=host auth.password="$SECRET"
check "one-way CHAP" login "$ONE_WAY"
check "logout from one-way CHAP" logout "$ONE_WAY"
settings "$MUTUAL" auth.authmethod=CHAP auth.username=host auth.password="$SECRET" auth.username_in="$TARGET_USER" auth.password_in=wrong-secret-2
refused "a target that does not know its secret is refused by the host" login "$MUTUAL"
settings "$MUTUAL" auth.password_in="$TARGET_SECRET"
check "mutual CHAP" login "$MUTUAL"
sleep 1
same "its device appears" 1 "$(lsscsi | grep -cE ' (tape|mediumx) ')"
check "logout from mutual CHAP" logout "$MUTUAL"
for algorithm in MD5 SHA1 SHA256 SHA3-256; do
  settings "$MUTUAL" auth.chap_algs=$algorithm
  check "mutual CHAP with $algorithm" login "$MUTUAL"
  logout "$MUTUAL" >/dev/null
done
if [ -n "${DENIED:-}" ]; then refused "a target for another initiator is refused" login "$DENIED"; fi

# Digests and other settings of a session.
digests() { for d in conn[0].iscsi.HeaderDigest conn[0].iscsi.DataDigest; do iscsiadm -m node -T "$OPEN" -p "$where" -o update -n "node.$d" -v "$1" 2>/dev/null || iscsiadm -m node -T "$OPEN" -p "$where" -o update -n "node.$d" -v "$1"; done; }
digests CRC32C
check "login with digests" login "$OPEN"
shows "digests are in use" 'HeaderDigest: CRC32C' iscsiadm -m session -P 2
sleep 1
check "a command with digests" sg_inq "$(ls -d /dev/sg* | tail -1)"
check "logout with digests" logout "$OPEN"
finish
