/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of keymoord share: the service itself, trusted applications with their template
 * and instances, clients. Everything runs on one thread, in the poll loop; no data of a call ever
 * comes here.
 */
#ifndef KM_SERVICE_H
#define KM_SERVICE_H

#include "common/km_listen.h"
#include "common/km_log.h"
#include "common/km_loop.h"
#include "tee/channel/wire.h"
#include "tee/host/confine.h"
#include "tee/host/control.h"
#include "tee/host/crypto_policy.h"
#include "tee/keymoord/audit.h"
#include "tee/keymoord/options.h"
#include "tee/keymoord/peer.h"
#include "tee/keymoord/statedir.h"
#include "tee/keymoord/ta_package.h"
#include "tee/keymoord/trust.h"
#include "tee/root/root.h"

#define KM_CLIENTS_MAX 512
#define KM_CLIENTS_UID_MAX 256
#define KM_APPS_MAX 256
#define KM_APP_WAITING_MAX 512 /* openings that wait for a TA to get ready */

/* TEE results that the service itself gives; the numbers are GlobalPlatform's. */
#define KM_TEE_CORRUPT_OBJECT 0xF0100001u
#define KM_TEE_STORAGE_NOT_AVAILABLE 0xF0100003u
#define KM_TEE_GENERIC 0xFFFF0000u
#define KM_TEE_ACCESS_DENIED 0xFFFF0001u
#define KM_TEE_BAD_FORMAT 0xFFFF0005u
#define KM_TEE_BAD_PARAMETERS 0xFFFF0006u
#define KM_TEE_ITEM_NOT_FOUND 0xFFFF0008u
#define KM_TEE_NOT_SUPPORTED 0xFFFF000Au
#define KM_TEE_OUT_OF_MEMORY 0xFFFF000Cu
#define KM_TEE_BUSY 0xFFFF000Du
#define KM_TEE_SECURITY 0xFFFF000Fu
#define KM_TEE_TARGET_DEAD 0xFFFF3024u
#define KM_TEE_STORAGE_NO_SPACE 0xFFFF3041u
#define KM_TEE_ORIGIN_TEE 3u
#define KM_LOGIN_TRUSTED_APP 0xF0000000u

struct km_app;
struct km_client;
struct km_instance;

struct km_service {
    struct km_options options;
    struct km_loop loop;
    struct km_listen listener;
    struct km_watch listen_watch;
    struct km_watch signal_watch;
    struct km_statedir state;
    struct km_root root;
    struct km_trust *trust;
    struct km_audit audit;
    struct km_app *apps;       /* a list */
    struct km_client *clients; /* a list */
    size_t n_apps, n_clients, n_sessions;
    uint64_t n_opened; /* sessions ever */
    uint64_t last_session;
    uint32_t last_instance;
    int host_fd; /* keymoor-host, opened once */
    uint32_t confine_available;
    struct km_crypto_policy crypto_policy;
    const char *crypto_policy_file; /* NULL: there is none */
    char device_id[KM_UUID_TEXT_LEN];
    int64_t started_ms;
    bool stop;
};

/* ---- sessions of an instance ---- */

struct km_session {
    uint64_t id;
    struct km_peer *peer;     /* whom it serves; NULL: another TA, for itself */
    uint32_t caller_instance; /* of another TA that opened it, else 0 */
    struct km_uuid caller;    /* and that TA itself */
    uint32_t uid;             /* who counts for it */
    struct km_session *next;
};

enum km_instance_state {
    KM_INSTANCE_NEW,
    KM_INSTANCE_RUNNING,
    KM_INSTANCE_LEAVING, /* it was told to end */
    KM_INSTANCE_ENDED,   /* it was killed */
};

struct km_instance {
    struct km_watch watch; /* first; its line */
    struct km_service *service;
    struct km_app *app;
    uint32_t id;
    pid_t pid; /* as the template says; 0 until then */
    enum km_instance_state state;
    bool verifies;
    bool panicked;
    uint32_t panic_code;
    uint64_t panic_session; /* 0: in none */
    char panic_text[128];
    uint32_t mask;     /* confinements it reported */
    int64_t looked_ms; /* when its processor time was last looked at; 0: never */
    int64_t looked_cpu_ms;
    int64_t leaves_ms; /* since when it is to end; 0: it is not */
    struct km_session *sessions;
    /* Where a client's sessions share it: whose they are, and what they and it have in common. */
    bool shared;
    struct km_ctl_client who;
    uint64_t group;
    int bell_fd; /* -1: none */
    struct km_instance *next;
};

/* ---- trusted applications ---- */

enum km_app_state {
    KM_APP_IDLE,      /* no template */
    KM_APP_STARTING,  /* the template loads it */
    KM_APP_VERIFYING, /* a child looks at the store */
    KM_APP_READY,
};

/* What a file was when it was read: another one by any of these is another package. */
struct km_file_id {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
};

/* An opening that waits, of a client's connection or of another TA's instance. */
struct km_opening {
    struct km_client *client;
    uint32_t instance_id; /* when client is NULL */
    uint32_t serial;
    struct km_app *app;
    struct km_peer *peer; /* held; NULL for a TA that opens for itself */
    struct km_ctl_client who;
    uint64_t group; /* as the client says; 0: it wants to share nothing */
    struct km_opening *next;
};

struct km_app {
    struct km_watch watch; /* first; the template's line */
    struct km_service *service;
    struct km_uuid uuid;
    char text[KM_UUID_TEXT_LEN];
    enum km_app_state state;
    pid_t template_pid;
    struct km_file_id file;
    char path[512];
    uint32_t version;
    bool single, multi, keep_alive, shares;
    bool ran_before; /* then it has a store, and one that is missing was taken away */
    uid_t uid;
    struct km_secret *store_key;
    uint32_t mask;          /* confinements of its template */
    uint32_t instance_mask; /* and of its last instance */
    uint64_t n_objects;     /* when the store was last verified */
    struct km_instance *instances;
    struct km_opening *waiting;
    size_t n_waiting;
    uint32_t failure; /* TEE result given until failure_until_ms; 0: none */
    int64_t failure_until_ms;
    char failure_text[KM_ERR_TEXT_MAX];
    struct km_app *next;
};

/* km_app_open_session: takes over the opening (peer, too) and answers it sooner or later through km_opening_answer. */
void km_app_open_session(struct km_service *service, const struct km_uuid *ta,
                         struct km_opening *opening);
/* km_app_forget_client: openings of a connection that has ended are not answered. */
void km_app_forget_client(struct km_service *service, const struct km_client *client);
/* km_app_child: one of our children has ended. */
void km_app_child(struct km_service *service, pid_t pid, int how);
/* km_app_tick: what is due. Returns milliseconds until the next time, -1: nothing is waited for. */
int km_app_tick(struct km_service *service);
/* km_app_end_all: kills every template and instance and waits for them. */
void km_app_end_all(struct km_service *service);
size_t km_app_sessions(const struct km_app *app);
const char *km_app_state_name(const struct km_app *app);
/* km_app_find_instance: NULL when there is none by this number. */
struct km_instance *km_app_find_instance(const struct km_service *service, uint32_t id);

/*
 * km_app_load: looks for the package in the TA directories and does every check; on success the
 * program is in a sealed memfd.
 */
struct km_loaded {
    int elf_fd;
    uint32_t heap;
    uint32_t version;
    bool single, multi, keep_alive, shares;
    uint8_t *properties; /* encoded, for SETUP; owned */
    size_t properties_len;
};
km_status km_app_load(struct km_err *err, struct km_app *app, struct km_loaded *ret);
/* km_app_find_file: the package's path into app->path and what it is now. KM_E_NOTFOUND. */
km_status km_app_find_file(struct km_err *err, struct km_app *app, struct km_file_id *ret);

/* km_line_pair: a line to a process: [0] is ours and never blocks, [1] is the process's. */
km_status km_line_pair(struct km_err *err, int ret_fds[2]);

/* ---- instances (instance.c) ---- */

/*
 * km_instance_new: asks the template for a process and gives it the store's key. opening is whom it is for, NULL: it
 * looks at the store.
 */
km_status km_instance_new(struct km_err *err, struct km_app *app, const struct km_opening *opening,
                          struct km_instance **ret_instance);
/* km_instance_lane: a new lane into it for this opening; the client's ends, and the bell or -1, are the caller's. */
km_status km_instance_lane(struct km_err *err, struct km_instance *instance,
                           const struct km_opening *opening, uint64_t *ret_session, int ret_fds[3]);
/* km_instance_n_sessions: those of them that it serves or is about to. */
size_t km_instance_n_sessions(const struct km_instance *instance);
/* km_instance_takes: false when it ends or has ended, noticed or not: no session gets in any more. */
bool km_instance_takes(const struct km_instance *instance);
/* km_instance_end: kills it. What is left of it goes when its line and its process have ended. */
void km_instance_end(struct km_instance *instance);
void km_instance_free(struct km_instance *instance);
/* km_instance_reaped: the template's word on how its process ended. */
void km_instance_reaped(struct km_instance *instance, int how);
/*
 * km_instance_has_stuck: all its clients have been gone for a while, and it goes on computing, or it was to end long
 * ago. *ret_waiting is set when it has to be looked at again.
 */
bool km_instance_has_stuck(struct km_instance *instance, int64_t now_ms, bool *ret_waiting);
/* km_app_verified: called when the store was looked at. */
void km_app_verified(struct km_app *app, uint64_t n_objects);
/* km_app_fail: the TA can't be used for now: answers all that wait, ends its processes. */
void km_app_fail(struct km_app *app, uint32_t result, const char *text);
/* km_app_serve_waiting: gives every opening that waits its session. */
void km_app_serve_waiting(struct km_app *app);
/* km_tee_result: the code for a client when the service failed with this status. */
uint32_t km_tee_result(km_status status);

/* ---- sharing (share.c) ---- */

/* A TA whose sessions know nothing of each other in any case says so. */
#define KM_SHARE_PROPERTY "org.keymoor.ta.shareInstance"
/* km_share_may: whether an instance for this opening may take more sessions of the same client later. */
bool km_share_may(const struct km_app *app, const struct km_opening *opening);
/* km_share_find: the instance that this opening shares; NULL: it gets one of its own. */
struct km_instance *km_share_find(const struct km_app *app, const struct km_opening *opening);

/* ---- clients (client.c) ---- */

struct km_client {
    struct km_watch watch; /* first */
    struct km_service *service;
    struct km_peer *peer;
    bool opening; /* one is under way: nothing more is read until it is answered */
    bool closing;
    bool early;    /* it was there before the service: its first message may not name its sender */
    uint64_t used; /* service time of its last message, to find the idlest */
    struct km_client *next;
};

/* km_client_accept: the listening socket is ready. */
void km_client_accept(struct km_watch *watch, uint32_t events);
void km_client_free(struct km_client *client);
/* km_client_sessions: how many sessions count for a user: open or waiting, his own or opened by TAs for him. */
size_t km_client_sessions(const struct km_service *service, uint32_t uid);
/* km_opening_answer: the outcome goes to whoever asked; frees the opening. fds are borrowed. */
void km_opening_answer(struct km_service *service, struct km_opening *opening, uint32_t result,
                       uint32_t origin, uint64_t session, const int fds[3]);

/* ---- the rest ---- */

/* km_status_json: at most cap octets; whole for an administrator, without others' sessions else. */
size_t km_status_json(const struct km_service *service, const struct km_peer *asker, char *ret,
                      size_t cap);
/* km_service_audit: fills in who it was and writes. peer and app may be NULL. */
void km_service_audit(struct km_service *service, struct km_audit_record *record,
                      const struct km_peer *peer, const struct km_app *app);

#endif
