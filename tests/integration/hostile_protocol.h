/* SPDX-License-Identifier: Apache-2.0 */
/* What the misbehaving trusted application can be told to do. */
#ifndef HOSTILE_PROTOCOL_H
#define HOSTILE_PROTOCOL_H

enum hostile_command {
    HOSTILE_NOTHING = 0,   /* value out: a is 42 */
    HOSTILE_OPEN_FILE = 1, /* each of these by a system call of its own */
    HOSTILE_SOCKET = 2,
    HOSTILE_OPEN_STORE = 3,
    HOSTILE_PTRACE = 4,
    HOSTILE_EXEC = 5,
    HOSTILE_FORK = 6,
    HOSTILE_MMAP_EXEC = 7,
    HOSTILE_KILL = 8,
    HOSTILE_READ_MEMORY = 9,
    HOSTILE_MPROTECT_EXEC = 10,
    HOSTILE_SIGNAL_OWNER = 11,
    HOSTILE_IO_URING = 12,
    HOSTILE_BPF = 13,
    HOSTILE_UNSHARE = 14,
    HOSTILE_TGKILL = 15,
    HOSTILE_THREAD = 16,
    HOSTILE_AFFINITY = 17, /* of another process */
    HOSTILE_LAST_DENIED = 17,

    HOSTILE_PANIC = 20,
    HOSTILE_LOOP = 21,
    HOSTILE_CRASH = 22,
    HOSTILE_ABORT = 23,
    HOSTILE_WAIT = 24,   /* until it is cancelled */
    HOSTILE_HOARD = 25,  /* memory until there is no more; value out: a is 1 when it was refused */
    HOSTILE_PEER = 26,   /* a session to ta_shared, and its HOSTILE_NOTHING; value out: its 42 */
    HOSTILE_WHO = 27,    /* memref out: login and client UUID, text */
    HOSTILE_EXE = 28,    /* memref out: org.keymoor.client.exe.sha256 */
    HOSTILE_SELF = 29,   /* a session to itself; value out: a is the result */
    HOSTILE_COUNT = 30,  /* value out: calls in this instance */
    HOSTILE_FILL = 31,   /* objects into the store until that fails; its result */
    HOSTILE_MAP = 32,    /* bare mmap up to 1 GiB; value out: a is errno of the one that failed */
    HOSTILE_AUDIT = 33,  /* 5000 audit records */
    HOSTILE_TEXT = 34,   /* questions to the service, whose answers it never reads */
    HOSTILE_MANY = 35,   /* sessions to its like until that is refused; value out: how many */
    HOSTILE_CLIENT = 36, /* memref out: login, uid, gid, admin, digest of the executable, text */
    HOSTILE_THEIRS = 37, /* memref out: HOSTILE_CLIENT of a session to its like */
    HOSTILE_NESTED = 38, /* memref out: HOSTILE_THEIRS of a session to its like */
    HOSTILE_PATIENT =
        39, /* HOSTILE_WAIT of a session to its like, for 100 ms; value out: its result */
    HOSTILE_PASS_ON = 40, /* the same without a limit, until this call is cancelled; its result */
    HOSTILE_LINGER = 41,  /* the end of this instance takes a second from now on, */
    HOSTILE_STAY = 42,    /* or does not come */
};

#endif
