/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sessions share an instance. More instances than CPUs bring a client nothing: each call then wakes a process of its own,
 * where one that serves several lanes is awake already. So beyond that the sessions of one client process share, if the TA
 * permits it. Sessions of different processes never do.
 */
#include <sched.h>

#include "tee/keymoord/service.h"

/* What a panic in one session takes along. */
#define SHARE_MAX 4u

static size_t n_cpus(void)
{
    cpu_set_t set = {0};
    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

static bool same_who(const struct km_ctl_client *a, const struct km_ctl_client *b)
{
    return a->login == b->login && km_uuid_equal(&a->uuid, &b->uuid) && a->uid == b->uid &&
           a->gid == b->gid && a->pid == b->pid && a->is_admin == b->is_admin;
}

static bool is_theirs(const struct km_instance *instance, const struct km_opening *opening)
{
    return instance->shared && instance->sessions != NULL && instance->group == opening->group &&
           same_who(&instance->who, &opening->who) &&
           km_peer_same(instance->sessions->peer, opening->peer) && km_instance_takes(instance);
}

bool km_share_may(const struct km_app *app, const struct km_opening *opening)
{
    return app->shares && opening->client != NULL && opening->group != 0;
}

struct km_instance *km_share_find(const struct km_app *app, const struct km_opening *opening)
{
    struct km_instance *best = NULL;
    size_t n = 0, fewest = SHARE_MAX;
    if (!km_share_may(app, opening))
        return NULL;
    for (struct km_instance *i = app->instances; i != NULL; i = i->next) {
        if (!is_theirs(i, opening))
            continue;
        n++;
        if (km_instance_n_sessions(i) < fewest) {
            fewest = km_instance_n_sessions(i);
            best = i;
        }
    }
    return n < n_cpus() ? NULL : best;
}
