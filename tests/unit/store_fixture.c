/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void fixture_keys(struct fixture *f)
{
    km_secret_free(f->key);
    km_secret_free(f->other_key);
    f->key = km_secret_from(KM_SLICE("0123456789abcdef0123456789abcdef", 32));
    f->other_key = km_secret_from(KM_SLICE("0123456789abcdef0123456789abcdeg", 32));
    f->config.key = f->key;
}

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    (void)snprintf(f->base, sizeof f->base, "/tmp/km-store-XXXXXX");
    if (mkdtemp(f->base) == NULL)
        return -1;
    (void)snprintf(f->dir, sizeof f->dir, "%s/ta", f->base);
    (void)snprintf(f->data_path, sizeof f->data_path, "%s/data.mdb", f->dir);
    f->config =
        (struct km_store_config){.dir = f->dir, .may_create = true, .owner = {.octet = {1, 2, 3}}};
    f->owner = getpid();
    fixture_keys(f);
    *state = f;
    return km_store_warm(NULL) == KM_OK ? 0 : -1;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    char command[256] = {0};
    (void)snprintf(command, sizeof command, "umount '%s/disk' 2>/dev/null; rm -rf '%s'", f->base,
                   f->base);
    int code = system(command);
    km_secret_free(f->key);
    km_secret_free(f->other_key);
    free(f);
    return code;
}

struct km_store *fixture_open(struct fixture *f)
{
    struct km_err err = {0};
    struct km_store *store = NULL;
    bool is_child = getpid() != f->owner;
    if (is_child && km_secret_expose(f->key).ptr[0] == 0)
        fixture_keys(f);
    if (km_store_open(&err, &f->config, &store) == KM_OK)
        return store;
    print_error("opening the store: %s\n", err.text);
    if (is_child)
        _exit(99);
    fail();
    return NULL;
}

void fixture_put(struct km_store *store, const char *name, const char *meta, const char *data)
{
    struct km_err err = {0};
    km_status status = km_store_create(&err, store, KM_SLICE_STR(name), KM_STORE_OVERWRITE,
                                       KM_SLICE_STR(meta), KM_SLICE_STR(data), NULL);
    if (status != KM_OK)
        fail_msg("creating '%s': %s", name, err.text);
}

void fixture_expect(struct km_store *store, const char *name, const char *meta, const char *data)
{
    struct km_err err = {0};
    struct km_store_object *o = NULL;
    if (km_store_object_open(&err, store, KM_SLICE_STR(name), KM_STORE_READ, &o) != KM_OK)
        fail_msg("opening '%s': %s", name, err.text);
    assert_true(km_slice_equal(km_store_object_meta(o), KM_SLICE_STR(meta)));
    uint8_t buf[256] = {0};
    size_t len = 0;
    assert_int_equal(km_store_object_read(&err, o, 0, KM_SPAN(buf, sizeof buf), &len), KM_OK);
    assert_true(km_slice_equal(KM_SLICE(buf, len), KM_SLICE_STR(data)));
    km_store_object_close(o);
}
