/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of roots, and the soft one with every file that it must refuse. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "tee/root/root.h"

static char dir[64];
static char path[96];
static char spec[128];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/km-root-XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/secret", dir);
    (void)snprintf(spec, sizeof spec, "soft:%s", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128] = {0};
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void put_file(const char *name, const void *bytes, size_t len, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static void derive(const char *root_spec, const char *label, uint8_t ret[KM_ROOT_SECRET_LEN])
{
    struct km_err err = {0};
    struct km_root root = {0};
    assert_int_equal(km_root_open(&err, root_spec, &root), KM_OK);
    struct km_secret *secret = NULL;
    assert_int_equal(root.driver->derive(&err, root.state, KM_SLICE_STR(label), &secret), KM_OK);
    struct km_slice view = km_secret_expose(secret);
    assert_int_equal(view.len, KM_ROOT_SECRET_LEN);
    km_copy(ret, KM_ROOT_SECRET_LEN, view.ptr, view.len);
    km_secret_free(secret);
    km_root_close(&root);
    assert_int_equal(ERR_peek_error(), 0);
}

static void refused(const char *root_spec, km_status expected, const char *words)
{
    struct km_err err = {0};
    struct km_root root = {0};
    assert_int_equal(km_root_open(&err, root_spec, &root), expected);
    assert_int_equal(err.status, expected);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, words);
    assert_null(root.driver);
}

static void names_are_checked(void **state)
{
    (void)state;
    refused("soft", KM_E_ARG, "NAME:ARGUMENT");
    refused("soft:", KM_E_ARG, "path");
    refused("softer:x", KM_E_NOTFOUND, "softer");
    refused("sof:x", KM_E_NOTFOUND, "sof");
    refused(":x", KM_E_NOTFOUND, "no root");
    refused(NULL, KM_E_ARG, "NAME:ARGUMENT");
    assert_false(km_root_has_counter(NULL));
    km_root_close(NULL);
}

static void first_use_makes_a_private_file(void **state)
{
    (void)state;
    uint8_t one[KM_ROOT_SECRET_LEN] = {0};
    uint8_t two[KM_ROOT_SECRET_LEN] = {0};
    derive(spec, "label", one);
    struct stat st = {0};
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(st.st_nlink, 1);
    derive(spec, "label", two);
    assert_memory_equal(one, two, sizeof one);
    derive(spec, "label2", two);
    assert_memory_not_equal(one, two, sizeof one);
    assert_int_equal(unlink(path), 0);
    derive(spec, "label", two);
    assert_memory_not_equal(one, two, sizeof one);
}

/* HKDF-SHA256 over 00..1f, computed apart from this code with the openssl program. */
static void derivation_is_fixed(void **state)
{
    (void)state;
    uint8_t secret[32] = {0};
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)i;
    put_file(path, secret, sizeof secret, 0600);
    uint8_t got[KM_ROOT_SECRET_LEN] = {0};
    derive(spec, "store", got);
    uint8_t expected[KM_ROOT_SECRET_LEN] = {0};
    assert_true(km_unhex("ecd45ad01eb57e043612dabaea1a489ef17f1998fe4f4b45fae258af0ddfb723",
                         expected, sizeof expected));
    assert_memory_equal(got, expected, sizeof expected);
}

static void labels_are_bounded(void **state)
{
    (void)state;
    struct km_root root = {0};
    assert_int_equal(km_root_open(NULL, spec, &root), KM_OK);
    assert_false(km_root_has_counter(&root));
    assert_null(root.driver->key_sign);
    char label[257] = {0};
    memset(label, 'x', sizeof label);
    struct km_secret *secret = NULL;
    assert_int_equal(root.driver->derive(NULL, root.state, KM_SLICE(label, 0), &secret), KM_E_ARG);
    assert_int_equal(root.driver->derive(NULL, root.state, KM_SLICE(label, 257), &secret),
                     KM_E_ARG);
    assert_int_equal(root.driver->derive(NULL, root.state, KM_SLICE(label, 256), &secret), KM_OK);
    km_secret_free(secret);
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    assert_int_equal(root.driver->random(NULL, root.state, KM_SPAN(a, sizeof a)), KM_OK);
    assert_int_equal(root.driver->random(NULL, root.state, KM_SPAN(b, sizeof b)), KM_OK);
    assert_memory_not_equal(a, b, sizeof a);
    km_root_close(&root);
}

static void files_others_can_use_are_refused(void **state)
{
    (void)state;
    uint8_t secret[64] = {1};
    static const mode_t open_modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666};
    for (size_t i = 0; i < KM_ARRAY_LEN(open_modes); i++) {
        put_file(path, secret, sizeof secret, open_modes[i]);
        refused(spec, KM_E_DENIED, "others may use it");
    }
    put_file(path, secret, sizeof secret, 0400);
    uint8_t out[KM_ROOT_SECRET_LEN] = {0};
    derive(spec, "label", out);
}

static void files_of_the_wrong_size_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[1025] = {1};
    static const size_t wrong[] = {0, 1, 31, 1025};
    for (size_t i = 0; i < KM_ARRAY_LEN(wrong); i++) {
        put_file(path, bytes, wrong[i], 0600);
        refused(spec, KM_E_CORRUPT, "octets instead of");
        struct stat st = {0};
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, wrong[i]);
    }
}

static void other_things_are_refused(void **state)
{
    (void)state;
    uint8_t secret[32] = {1};
    char target[96] = {0};
    (void)snprintf(target, sizeof target, "%s/target", dir);
    put_file(target, secret, sizeof secret, 0600);
    assert_int_equal(symlink(target, path), 0);
    refused(spec, KM_E_DENIED, "not a regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(spec, KM_E_DENIED, "not a regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(spec, KM_E_DENIED, "not a regular file");
    (void)snprintf(spec, sizeof spec, "soft:%s/none/secret", dir);
    refused(spec, KM_E_NOTFOUND, "none/secret");
}

static void a_file_of_somebody_else_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    uint8_t secret[32] = {1};
    put_file(path, secret, sizeof secret, 0600);
    assert_int_equal(chown(path, 12345, 12345), 0);
    refused(spec, KM_E_DENIED, "belongs to uid 12345");
}

static void credentials_are_read(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    refused("soft:credential:secret", KM_E_NOTFOUND, "CREDENTIALS_DIRECTORY");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
    refused("soft:credential:secret", KM_E_NOTFOUND, "secret");
    refused("soft:credential:../secret", KM_E_ARG, "not the name");
    refused("soft:credential:", KM_E_ARG, "not the name");
    uint8_t secret[32] = {1};
    put_file(path, secret, sizeof secret, 0440);
    uint8_t one[KM_ROOT_SECRET_LEN] = {0};
    uint8_t two[KM_ROOT_SECRET_LEN] = {0};
    derive("soft:credential:secret", "label", one);
    assert_int_equal(chmod(path, 0600), 0);
    derive(spec, "label", two);
    assert_memory_equal(one, two, sizeof one);
    assert_int_equal(chmod(path, 0604), 0);
    refused("soft:credential:secret", KM_E_DENIED, "others may use it");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

/* Eight that start at once on an empty folder end with one secret. */
static void a_race_to_make_it_has_one_winner(void **state)
{
    (void)state;
    int pipes[2] = {-1, -1};
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct km_root root = {0};
            struct km_secret *secret = NULL;
            if (km_root_open(NULL, spec, &root) != KM_OK ||
                root.driver->derive(NULL, root.state, KM_SLICE_STR("x"), &secret) != KM_OK ||
                write(pipes[1], km_secret_expose(secret).ptr, 32) != 32)
                _exit(1);
            _exit(0);
        }
    }
    uint8_t first[32] = {0};
    for (int i = 0; i < 8; i++) {
        int code = -1;
        assert_true(wait(&code) > 0);
        assert_int_equal(code, 0);
        uint8_t next[32] = {0};
        assert_int_equal(read(pipes[0], next, sizeof next), sizeof next);
        if (i == 0)
            km_copy(first, sizeof first, next, sizeof next);
        assert_memory_equal(first, next, sizeof first);
    }
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_are_checked),
        CASE(first_use_makes_a_private_file),
        CASE(derivation_is_fixed),
        CASE(labels_are_bounded),
        CASE(files_others_can_use_are_refused),
        CASE(files_of_the_wrong_size_are_refused),
        CASE(other_things_are_refused),
        CASE(a_file_of_somebody_else_is_refused),
        CASE(credentials_are_read),
        CASE(a_race_to_make_it_has_one_winner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
