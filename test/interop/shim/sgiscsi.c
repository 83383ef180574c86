// SPDX-License-Identifier: Apache-2.0
// Lets tools that speak SG_IO reach logical units over iSCSI in user space, by LD_PRELOAD: no kernel initiator, no root.
//   gcc -shared -fPIC -o sgiscsi.so sgiscsi.c -liscsi -ldl
//   SGISCSI="/dev/sg90=iscsi://host:port/iqn/lun;/dev/sg91=iscsi://..." LD_PRELOAD=./sgiscsi.so sg_inq /dev/sg90
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <scsi/sg.h>
#include <scsi/scsi_ioctl.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#define MAXFD 1024
static struct { struct iscsi_context *c; int lun; int minor; int reserved; int timeout; } tab[MAXFD];
static const char *lookup(const char *path, int *minor)
{
	static char buf[2048];
	const char *m = getenv("SGISCSI");
	size_t n = strlen(path);
	if (!m) return NULL;
	for (const char *p = m; p && *p; p = strchr(p, ';') ? strchr(p, ';') + 1 : NULL) {
		if (!strncmp(p, path, n) && p[n] == '=') {
			const char *e = strchr(p, ';');
			size_t l = e ? (size_t)(e - (p + n + 1)) : strlen(p + n + 1);
			memcpy(buf, p + n + 1, l); buf[l] = 0;
			*minor = atoi(path + strcspn(path, "0123456789"));
			return buf;
		}
	}
	return NULL;
}
static int do_open(const char *url, int minor)
{
	struct iscsi_context *c = iscsi_create_context(getenv("SGISCSI_INITIATOR") ? getenv("SGISCSI_INITIATOR") : "iqn.2024-01.local.shim:sgiscsi");
	struct iscsi_url *u = iscsi_parse_full_url(c, url);
	if (!u) { fprintf(stderr, "sgiscsi: %s\n", iscsi_get_error(c)); errno = EINVAL; return -1; }
	iscsi_set_targetname(c, u->target);
	iscsi_set_session_type(c, ISCSI_SESSION_NORMAL);
	iscsi_set_header_digest(c, ISCSI_HEADER_DIGEST_NONE_CRC32C);
	if (u->user[0]) iscsi_set_initiator_username_pwd(c, u->user, u->passwd);
	iscsi_set_noautoreconnect(c, 1);
	if (iscsi_connect_sync(c, u->portal) || iscsi_login_sync(c)) {
		fprintf(stderr, "sgiscsi: %s\n", iscsi_get_error(c)); errno = ENXIO; return -1; }
	for (int i = 0; i < 5; i++) { /* swallow power-on unit attentions like an OS scan does */
		struct scsi_task *t = iscsi_testunitready_sync(c, u->lun); int again = t && t->status == SCSI_STATUS_CHECK_CONDITION && t->sense.key == SCSI_SENSE_UNIT_ATTENTION && (t->sense.ascq >> 8) == 0x29; if (t) scsi_free_scsi_task(t); if (!again) break; }
	int fd = iscsi_get_fd(c);
	tab[fd].c = c; tab[fd].lun = u->lun; tab[fd].minor = minor; tab[fd].reserved = 32768; tab[fd].timeout = 60000;
	iscsi_destroy_url(u);
	return fd;
}
#define REAL(name, ...) static __typeof__(&name) r; if (!r) r = dlsym(RTLD_NEXT, #name)
int open(const char *path, int flags, ...)
{
	va_list ap; va_start(ap, flags); mode_t m = (flags & (O_CREAT|O_TMPFILE)) ? va_arg(ap, int) : 0; va_end(ap);
	int mi; const char *u = lookup(path, &mi);
	if (u) return do_open(u, mi);
	REAL(open); return r(path, flags, m);
}
int open64(const char *path, int flags, ...)
{
	va_list ap; va_start(ap, flags); mode_t m = (flags & (O_CREAT|O_TMPFILE)) ? va_arg(ap, int) : 0; va_end(ap);
	int mi; const char *u = lookup(path, &mi);
	if (u) return do_open(u, mi);
	REAL(open64); return r(path, flags, m);
}
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }
int openat(int d, const char *path, int flags, ...)
{
	va_list ap; va_start(ap, flags); mode_t m = (flags & (O_CREAT|O_TMPFILE)) ? va_arg(ap, int) : 0; va_end(ap);
	int mi; const char *u = lookup(path, &mi);
	if (u) return do_open(u, mi);
	REAL(openat); return r(d, path, flags, m);
}
int close(int fd)
{
	REAL(close);
	if (fd >= 0 && fd < MAXFD && tab[fd].c) {
		struct iscsi_context *c = tab[fd].c; tab[fd].c = NULL;
		iscsi_logout_sync(c); iscsi_destroy_context(c); return 0;
	}
	return r(fd);
}
static void fake(int minor, struct stat *st)
{
	memset(st, 0, sizeof *st); st->st_mode = S_IFCHR | 0660; st->st_rdev = makedev(21, minor); st->st_nlink = 1; st->st_blksize = 4096;
}
int stat(const char *path, struct stat *st) { int mi; if (lookup(path, &mi)) { fake(mi, st); return 0; } REAL(stat); return r(path, st); }
int stat64(const char *path, struct stat64 *st) { int mi; if (lookup(path, &mi)) { fake(mi, (struct stat *)st); return 0; } REAL(stat64); return r(path, st); }
int fstat(int fd, struct stat *st) { if (fd >= 0 && fd < MAXFD && tab[fd].c) { fake(tab[fd].minor, st); return 0; } REAL(fstat); return r(fd, st); }
int fstat64(int fd, struct stat64 *st) { if (fd >= 0 && fd < MAXFD && tab[fd].c) { fake(tab[fd].minor, (struct stat *)st); return 0; } REAL(fstat64); return r(fd, st); }
int access(const char *path, int m) { int mi; if (lookup(path, &mi)) return 0; REAL(access); return r(path, m); }

static int sg_io(int fd, sg_io_hdr_t *h)
{
	if (h->interface_id != 'S') { errno = ENOSYS; return -1; }
	uint8_t *flat = h->dxferp; int mal = 0;
	if (h->iovec_count) {
		sg_iovec_t *v = h->dxferp; size_t o = 0; flat = malloc(h->dxfer_len); mal = 1;
		for (int i = 0; i < h->iovec_count; i++) { if (h->dxfer_direction == SG_DXFER_TO_DEV) memcpy(flat + o, v[i].iov_base, v[i].iov_len); o += v[i].iov_len; }
	}
	int dir = h->dxfer_len == 0 ? SCSI_XFER_NONE : h->dxfer_direction == SG_DXFER_TO_DEV ? SCSI_XFER_WRITE : (h->dxfer_direction == SG_DXFER_FROM_DEV || h->dxfer_direction == SG_DXFER_TO_FROM_DEV) ? SCSI_XFER_READ : SCSI_XFER_NONE;
	struct scsi_task *t = scsi_create_task(h->cmd_len, h->cmdp, dir, dir == SCSI_XFER_NONE ? 0 : h->dxfer_len);
	struct iscsi_data d = { .size = h->dxfer_len, .data = flat };
	int inbuf = 0; if (dir == SCSI_XFER_READ) { scsi_task_add_data_in_buffer(t, h->dxfer_len, flat); inbuf = 1; }
	iscsi_set_timeout(tab[fd].c, h->timeout == 0xffffffffu ? 0 : (int)(h->timeout / 1000) + 1);
	if (!iscsi_scsi_command_sync(tab[fd].c, tab[fd].lun, t, dir == SCSI_XFER_WRITE ? &d : NULL)) {
		fprintf(stderr, "sgiscsi: %s\n", iscsi_get_error(tab[fd].c));
		h->host_status = 3; h->info = SG_INFO_CHECK; scsi_free_scsi_task(t); return 0;
	}
	h->status = t->status & 0xff; h->masked_status = (h->status >> 1) & 0x1f; h->host_status = 0; h->driver_status = 0; h->msg_status = 0; h->sb_len_wr = 0; h->duration = 0;
	h->resid = t->residual_status == SCSI_RESIDUAL_UNDERFLOW ? (int)t->residual : 0;
	if (t->status == SCSI_STATUS_GOOD || t->status == SCSI_STATUS_CHECK_CONDITION) {
		uint8_t *src = t->datain.data; int n = t->datain.size;
		if (t->status == SCSI_STATUS_CHECK_CONDITION) {
			/* libiscsi hands back sense: 2-byte length + sense bytes in datain */
			int sl = n > 2 ? n - 2 : 0; if (sl > h->mx_sb_len) sl = h->mx_sb_len;
			if (sl && h->sbp) { memcpy(h->sbp, src + 2, sl); h->sb_len_wr = sl; }
			h->driver_status = 8; h->info = SG_INFO_CHECK;
		} else if (dir == SCSI_XFER_READ && !inbuf && n > 0) {
			if (n > (int)h->dxfer_len) n = h->dxfer_len;
			memcpy(flat, src, n);
		}
	}
	if (mal) { if (dir == SCSI_XFER_READ) { sg_iovec_t *v = h->dxferp; size_t o = 0; for (int i = 0; i < h->iovec_count; i++) { memcpy(v[i].iov_base, flat + o, v[i].iov_len); o += v[i].iov_len; } } free(flat); }
	if (getenv("SGISCSI_TRACE")) { fprintf(stderr, "[cdb"); for (int i = 0; i < h->cmd_len; i++) fprintf(stderr, " %02x", h->cmdp[i]); fprintf(stderr, "] st=%02x len=%u resid=%d sense=", h->status, h->dxfer_len, h->resid); for (int i = 0; i < h->sb_len_wr && i < 18; i++) fprintf(stderr, "%02x", h->sbp[i]); fputc('\n', stderr); }
	scsi_free_scsi_task(t);
	return 0;
}
int ioctl(int fd, unsigned long req, ...)
{
	va_list ap; va_start(ap, req); void *a = va_arg(ap, void *); va_end(ap);
	if (fd >= 0 && fd < MAXFD && tab[fd].c) {
		switch (req) {
		case SG_IO: return sg_io(fd, a);
		case SG_GET_VERSION_NUM: *(int *)a = 30536; return 0;
		case SG_SET_TIMEOUT: return 0;
		case SG_GET_TIMEOUT: return 6000;
		case SG_SET_RESERVED_SIZE: tab[fd].reserved = *(int *)a; return 0;
		case SG_GET_RESERVED_SIZE: *(int *)a = tab[fd].reserved; return 0;
		case 0x5382: ((int *)a)[0] = (tab[fd].lun & 0xff) << 8; ((int *)a)[1] = 0; return 0;
		case 0x5386: *(int *)a = 0; return 0;
		case SG_GET_SCSI_ID: { struct sg_scsi_id *s = a; memset(s, 0, sizeof *s); s->lun = tab[fd].lun; s->scsi_type = 1; return 0; }
		case SG_GET_COMMAND_Q: case SG_EMULATED_HOST: case SG_SET_COMMAND_Q: return 0;
		default: errno = ENOTTY; return -1;
		}
	}
	REAL(ioctl); return r(fd, req, a);
}
