/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque objects of 256 MiB, from file to file: decrypted in the service piece by piece, with their digest looked over,
 * beside `openssl enc -d`, which looks over nothing. Usage: bench_opaque FACTORY_DIR WORK_DIR SIGNER.pem
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "clrc.h"
#include "common/km_file.h"
#include "format/opaque_object.h"

#define MIB ((size_t)1 << 20)
#define OBJECT_MIB 256u
#define PIECE (2u * MIB)

static uint8_t identifier[CLRC_PACKAGE_MAX];
static size_t identifier_len;
static char key_hex[65], iv_hex[33];
static const char *cipher_name;

static void must(ClrcResult result)
{
    if (result != CLRC_SUCCESS)
        bench_die("clrc: %s: %s", clrcResultText(result), clrcLastError());
}

static void run(char *const words[])
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(words[0], words);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        bench_die("%s failed", words[0]);
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    uint8_t *buffer = malloc(MIB);
    if (fd < 0 || buffer == NULL)
        bench_die("%s: %s", path, strerror(errno));
    must(clrcRandom(buffer, MIB));
    for (unsigned i = 0; i < OBJECT_MIB; i++) {
        buffer[i] ^= 1;
        if (write(fd, buffer, MIB) != (ssize_t)MIB)
            bench_die("%s: %s", path, strerror(errno));
    }
    free(buffer);
    (void)close(fd);
}

static void word(char *ret, size_t cap, const char *dir, const char *name)
{
    if (snprintf(ret, cap, "%s/%s", dir, name) >= (int)cap)
        bench_die("%s: too long", dir);
}

/* The factory's part, with its scripts; the key is noted for openssl. */
static void make_object(const char *factory, char *signer, const char *cipher)
{
    char script[512];
    uint8_t *config = NULL;
    uint8_t *octets = NULL;
    size_t len = 0;
    struct km_object_info info = {0};
    ClrcKeyHandle device = NULL;
    uint8_t spki[256];
    uint32_t spki_len = sizeof spki;
    must(clrcLoadNamedKey(CLRC_OEM_DEVICE_PUBLIC_KEY, NULL, &device));
    must(clrcExportPublicKey(device, spki, &spki_len));
    clrcFreeKey(device);
    if (km_file_write(NULL, AT_FDCWD, "device.der", KM_SLICE(spki, spki_len), 0644) != KM_OK)
        bench_die("device.der can't be written");
    word(script, sizeof script, factory, "make_opaque_object.sh");
    run((char *[]){script, "-i", "object", "-c", (char *)(uintptr_t)cipher, NULL});
    word(script, sizeof script, factory, "make_opaque_object_identifier.sh");
    run((char *[]){script, "-i", "object.oocfg", "-S", signer, "-D", "device.der", NULL});
    if (km_file_read(NULL, AT_FDCWD, "object.oocfg", 4096, &config, &len) != KM_OK ||
        !km_object_info_parse(KM_SLICE(config, len), &info))
        bench_die("object.oocfg can't be read");
    km_hex(info.key, key_hex, sizeof key_hex);
    km_hex(info.iv, iv_hex, sizeof iv_hex);
    free(config);
    if (km_file_read(NULL, AT_FDCWD, "object.oid", sizeof identifier, &octets, &identifier_len) !=
        KM_OK)
        bench_die("object.oid can't be read");
    km_copy(identifier, sizeof identifier, octets, identifier_len);
    free(octets);
}

static void *no_begin(unsigned thread)
{
    (void)thread;
    return NULL;
}

static void no_end(void *state)
{
    (void)state;
}

static void openssl_once(void *state)
{
    (void)state;
    run((char *[]){"openssl", "enc", "-d", (char *)(uintptr_t)cipher_name, "-K", key_hex, "-iv",
                   iv_hex, "-in", "object.enc", "-out", "object.dec", NULL});
}

static void pump(ClrcOpaqueObjectHandle object, int in, int out, uint8_t *buffer)
{
    for (;;) {
        size_t clear = PIECE + 16;
        ssize_t n = read(in, buffer, PIECE);
        if (n < 0)
            bench_die("read: %s", strerror(errno));
        if (n == 0)
            return;
        must(clrcUpdateOpaqueObject(object, buffer, (size_t)n, buffer, &clear));
        if (write(out, buffer, clear) != (ssize_t)clear)
            bench_die("write: %s", strerror(errno));
    }
}

static void clrc_once(void *buffer)
{
    ClrcOpaqueObjectHandle object = NULL;
    int in = open("object.enc", O_RDONLY | O_CLOEXEC);
    int out = open("object.dec", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (in < 0 || out < 0)
        bench_die("object: %s", strerror(errno));
    must(clrcOpenOpaqueObject(identifier, (uint32_t)identifier_len, NULL, NULL, &object, NULL));
    pump(object, in, out, buffer);
    must(clrcFinishOpaqueObject(object));
    clrcFreeOpaqueObject(object);
    (void)close(in);
    (void)close(out);
}

static void *shared_begin(unsigned thread)
{
    (void)thread;
    uint8_t *buffer = clrcSharedAlloc(PIECE + 16);
    if (buffer == NULL)
        bench_die("memory is short");
    return buffer;
}

static void shared_end(void *buffer)
{
    clrcSharedFree(buffer);
}

static void compare(const char *factory, char *signer, const char *cipher, const char *openssl_name)
{
    static const struct bench_contender contenders[] = {
        {"openssl enc -d", no_begin, openssl_once, no_end},
        {"clrc", shared_begin, clrc_once, shared_end},
    };
    struct bench_result results[2] = {0};
    char id[64] = {0};
    cipher_name = openssl_name;
    make_object(factory, signer, cipher);
    bench_run(contenders, 2, 1, 0.8, results);
    (void)snprintf(id, sizeof id, "opaque object %s 256 MiB, with digest", cipher);
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "MiB/s",
                                    .value = results[1].rate * OBJECT_MIB,
                                    .peer = contenders[0].name,
                                    .peer_value = results[0].rate * OBJECT_MIB,
                                    .target = 0.80});
}

int main(int argc, char **argv)
{
    struct rusage used = {0};
    if (argc != 4)
        bench_die("usage: bench_opaque FACTORY_DIR WORK_DIR SIGNER.pem");
    if (chdir(argv[2]) != 0)
        bench_die("%s: %s", argv[2], strerror(errno));
    make_file("object");
    compare(argv[1], argv[3], "AES_CTR", "-aes-256-ctr");
    compare(argv[1], argv[3], "AES_CBC_NOPAD", "-aes-256-cbc");
    (void)getrusage(RUSAGE_SELF, &used);
    bench_print(&(struct bench_row){.id = "opaque object 256 MiB, client's peak memory",
                                    .unit = "MiB",
                                    .value = (double)used.ru_maxrss / 1024.0,
                                    .peer = "16 MiB",
                                    .peer_value = 16,
                                    .target = 1,
                                    .at_most = true});
    return EXIT_SUCCESS;
}
