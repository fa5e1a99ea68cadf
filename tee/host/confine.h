/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around the process of a trusted application. Each has a name, so that an administrator
 * can demand it and a status answer can tell it.
 */
#ifndef KM_CONFINE_H
#define KM_CONFINE_H

#include <linux/filter.h>
#include <sys/types.h>

#include "common/km_bytes.h"

/* Sanitizers' own run-time needs a little more. */
#if defined(__SANITIZE_THREAD__)
#define KM_SANITIZED 1
#define KM_SANITIZED_THREADS 1
#elif defined(__SANITIZE_ADDRESS__)
#define KM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KM_SANITIZED 1
#define KM_SANITIZED_THREADS 1
#elif __has_feature(address_sanitizer)
#define KM_SANITIZED 1
#endif
#endif
#ifndef KM_SANITIZED
#define KM_SANITIZED 0
#endif
#ifndef KM_SANITIZED_THREADS
#define KM_SANITIZED_THREADS 0
#endif

enum km_confine {
    KM_CONFINE_UID = 1u << 0,          /* a user of its own, no supplementary groups */
    KM_CONFINE_NO_NEW_PRIVS = 1u << 1, /* no set-uid program can raise it */
    KM_CONFINE_NO_DUMP = 1u << 2,      /* no core file, no ptrace by its own user */
    KM_CONFINE_LIMITS = 1u << 3,       /* few files, no processes, no queues */
    KM_CONFINE_PARENT = 1u << 4,       /* dies with the service */
    KM_CONFINE_MEMLOCK = 1u << 5,      /* nothing of it is swapped out */
    KM_CONFINE_LANDLOCK = 1u << 6,     /* no file can be opened */
    KM_CONFINE_NET = 1u << 7,          /* Landlock also denies TCP (ABI 4) */
    KM_CONFINE_SCOPE = 1u << 8,        /* and signals and abstract sockets outside (ABI 6) */
    KM_CONFINE_SECCOMP = 1u << 9,      /* a short list of system calls, anything else kills */
};
#define KM_CONFINE_ALL 0x3ffu
/* What is demanded unless said otherwise; UID comes on top as root, else LANDLOCK: the secret of a
 * root in a file lies beside the stores, and one of the two has to stand before it. */
#define KM_CONFINE_DEFAULT                                                                         \
    (KM_CONFINE_NO_NEW_PRIVS | KM_CONFINE_NO_DUMP | KM_CONFINE_LIMITS | KM_CONFINE_PARENT |        \
     KM_CONFINE_SECCOMP)

/* km_confine_available: what this kernel and this process's rights allow; asks, changes nothing. */
uint32_t km_confine_available(void);
/* km_confine_parse: comma-separated names to bits; false when one is unknown. */
KM_MUST_USE bool km_confine_parse(const char *list, uint32_t *ret_mask);
/* km_confine_text: names of the bits, separated by commas; cut off at cap. */
void km_confine_text(uint32_t mask, char *ret, size_t cap);

/* The steps below add what they achieved to *mask; what the kernel does not know is not an error
 * of theirs: the caller compares the mask with what is demanded. */

/* km_confine_process: NO_NEW_PRIVS, NO_DUMP, LIMITS, PARENT; UID when neither id is the service's. */
void km_confine_process(pid_t parent, bool may_fork, uint32_t *mask);
/* km_confine_files_template: Landlock that leaves the system's libraries and the store's directory. */
km_status km_confine_files_template(struct km_err *err, int store_dir_fd, uint32_t *mask);
/* km_confine_files_none: Landlock that leaves nothing that is not open already. */
km_status km_confine_files_none(struct km_err *err, uint32_t *mask);
void km_confine_memory(uint32_t *mask);
/*
 * km_confine_heap: private memory of at most max bytes and what the program around it needs; takes LIMITS
 * back when that can't be had. Nothing under a sanitizer.
 */
void km_confine_heap(size_t max, uint32_t *mask);

enum km_filter_kind { KM_FILTER_TEMPLATE, KM_FILTER_INSTANCE };
struct km_filter {
    struct sock_filter *code;
    unsigned short n_code;
};
/*
 * km_filter_new: builds a filter with libseccomp; costly, so once in the template. Returns owned.
 * service: the process that a template's filter guards from signals.
 */
km_status km_filter_new(struct km_err *err, enum km_filter_kind kind, pid_t service,
                        struct km_filter *ret);
void km_filter_clear(struct km_filter *filter);
/*
 * km_filter_install: on every thread of this process, or KM_E_INTERNAL; needs NO_NEW_PRIVS; from
 * here on it can't be undone.
 */
km_status km_filter_install(struct km_err *err, const struct km_filter *filter, uint32_t *mask);
/*
 * km_filter_install_own: what can't be built before the fork, because it names this process: it may
 * have signals of descriptors sent to itself and raise signals in itself, but in nobody else.
 */
km_status km_filter_install_own(struct km_err *err);
/*
 * km_confine_single_thread: KM_E_STATE unless this process has exactly one thread: the walls of
 * older kernels are built around one thread only.
 */
km_status km_confine_single_thread(struct km_err *err);

#endif
