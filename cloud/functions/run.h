/* SPDX-License-Identifier: Apache-2.0 */
/* One run as the runner sees it: an order to keymoor-function-host, and its outcome. */
#ifndef KM_RUN_H
#define KM_RUN_H

#include "cloud/functions/code_cache.h"
#include "cloud/functions/host_wire.h"
#include "cloud/functions/run_log.h"
#include "cloud/functions/runner.h"

/* What stays the same from run to run. */
struct km_run_place {
    const char *host_path;
    const char *runtime_dir;
    struct sockaddr_storage endpoint;
    socklen_t endpoint_len;                   /* 0: none */
    char endpoint_name[KM_HOST_NAME_MAX + 1]; /* "": it has an address alone */
    bool is_tls;
    uint8_t *ca; /* owned */
    size_t ca_len;
    uid_t first_uid;
    unsigned tmp_mb;
};

/* What one run is asked to do. */
struct km_run_task {
    const struct km_function *function;
    const struct km_code *code;
    const struct km_invoke *invoke;
    const char *region;
    const struct km_runner_credentials *credentials;
    unsigned slot;
    int64_t now_ms;
};

struct km_run {
    pid_t pid;
    int pidfd;   /* readable when it has ended */
    int outcome; /* file in memory that it writes */
};

/* km_run_place_init: reads the CA, finds the endpoint's address. */
km_status km_run_place_init(struct km_err *err, const struct km_runner_config *config,
                            struct km_run_place *ret);
void km_run_place_clear(struct km_run_place *place);
/* km_run_check: whether the walls can be built here; blocks for some milliseconds. KM_E_UNSUPPORTED with the wall's name. */
km_status km_run_check(struct km_err *err, const struct km_run_place *place);
km_status km_run_start(struct km_err *err, const struct km_run_place *place,
                       const struct km_run_task *task, struct km_run *ret);
/*
 * km_run_finish: once pidfd is readable: takes the process away and reads what it said. *ret_bytes is owned and what the outcome views. A host
 * that was killed said nothing: KM_E_DEAD.
 */
km_status km_run_finish(struct km_err *err, struct km_run *run, uint8_t **ret_bytes,
                        struct km_host_outcome *ret);
/* km_run_kill: ends it and everything in it, at once. */
void km_run_kill(struct km_run *run);

#endif
