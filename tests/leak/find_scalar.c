/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find_scalar KEY STATE_DIR DIR [PID ...]: looks for a private key where it must not be.
 *
 * Needs the test build of the crypto application, the only one that can tell the scalar. Searches the
 * memory of a client of its own that signed with the key, that of the processes named, and every file
 * below STATE_DIR and DIR for the scalar in the forms in which it could lie about; and the store for
 * names in the clear. Before that it shows that the search finds a scalar that is there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clrc.h"
#include "common/km_bytes.h"
#include "common/km_file.h"
#include "ta/crypto/crypto_protocol.h"
#include "tee_client_api.h"

#define SCALAR_MAX 66u
#define FORMS 4u
#define FILE_MAX (256u * 1024u * 1024u)

/* The ways a scalar could be written. */
struct needles {
    uint8_t bytes[FORMS][2 * SCALAR_MAX + 1];
    size_t len[FORMS];
};

static void needles_make(struct needles *needles, const uint8_t *scalar, size_t len)
{
    km_copy(needles->bytes[0], sizeof needles->bytes[0], scalar,
            len); /* as DER and the API have it */
    for (size_t i = 0; i < len; i++)
        needles->bytes[1][i] = scalar[len - 1 - i]; /* as libcrypto's limbs lie in memory */
    needles->len[0] = needles->len[1] = len;
    km_hex(KM_SLICE(scalar, len), (char *)needles->bytes[2], sizeof needles->bytes[2]);
    for (size_t i = 0; i < 2 * len; i++) {
        uint8_t c = needles->bytes[2][i];
        needles->bytes[3][i] = c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 'A') : c;
    }
    needles->len[2] = needles->len[3] = 2 * len;
}

static bool holds(const struct needles *needles, const uint8_t *bytes, size_t len)
{
    for (size_t form = 0; form < FORMS; form++)
        if (memmem(bytes, len, needles->bytes[form], needles->len[form]) != NULL)
            return true;
    return false;
}

static bool file_holds(const struct needles *needles, int dir, const char *name)
{
    struct km_err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (km_file_read(&err, dir, name, FILE_MAX, &bytes, &len) != KM_OK)
        return false;
    bool found = holds(needles, bytes, len);
    free(bytes);
    return found;
}

/* Every regular file below dir; n_files counts them, and *found tells whether one holds a needle. */
static void search_tree(const struct needles *needles, int dir, unsigned *n_files, bool *found)
{
    DIR *list = fdopendir(dir);
    for (struct dirent *entry = NULL; list != NULL && (entry = readdir(list)) != NULL;) {
        struct stat about = {0};
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(list), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(about.st_mode)) {
            (*n_files)++;
            if (file_holds(needles, dirfd(list), entry->d_name)) {
                printf("FOUND in the file %s\n", entry->d_name);
                *found = true;
            }
        } else if (S_ISDIR(about.st_mode)) {
            int below = openat(dirfd(list), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (below >= 0)
                search_tree(needles, below, n_files, found);
        }
    }
    if (list != NULL)
        closedir(list);
    else
        close(dir);
}

static bool tree_holds(const struct needles *needles, const char *path, unsigned *n_files)
{
    bool found = false;
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        fprintf(stderr, "find_scalar: %s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    search_tree(needles, dir, n_files, &found);
    return found;
}

/* Reads [from, to) of the process in pieces that overlap by the longest needle. */
static bool range_holds(const struct needles *needles, int memory, uint64_t from, uint64_t to,
                        uint64_t *n_read)
{
    static uint8_t piece[1024 * 1024 + 2 * SCALAR_MAX];
    while (from < to) {
        size_t want = to - from < sizeof piece ? (size_t)(to - from) : sizeof piece;
        ssize_t got = pread(memory, piece, want, (off_t)from);
        if (got <= 0)
            return false;
        *n_read += (uint64_t)got;
        if (holds(needles, piece, (size_t)got))
            return true;
        if ((size_t)got < want || from + want == to)
            return false;
        from += want - 2 * SCALAR_MAX;
    }
    return false;
}

static bool process_holds(const struct needles *needles, pid_t pid, uint64_t *n_read)
{
    char path[64] = {0};
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    KM_AUTO(km_fd_closep) int memory = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    if (memory < 0 || maps == NULL) {
        fprintf(stderr, "find_scalar: can't read the memory of process %d: %s\n", (int)pid,
                strerror(errno));
        exit(EXIT_FAILURE);
    }
    bool found = false;
    char line[512] = {0};
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from = 0;
        unsigned long to = 0;
        char may[8] = {0};
        if (sscanf(line, "%lx-%lx %7s", &from, &to, may) == 3 && may[0] == 'r')
            found = range_holds(needles, memory, from, to, n_read);
    }
    fclose(maps);
    return found;
}

static void must(ClrcResult result, const char *what)
{
    if (result == CLRC_SUCCESS)
        return;
    fprintf(stderr, "find_scalar: %s: %s (0x%08x)\n", what, clrcResultText(result), result);
    exit(EXIT_FAILURE);
}

/* A child that waits until its input ends; what it did before, it did with its own copy of memory. */
static pid_t hold_child(void (*act)(void *arg, int ready), void *arg, int *ret_release)
{
    int ready[2] = {-1, -1};
    int release[2] = {-1, -1};
    char byte = 0;
    if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(release, O_CLOEXEC) != 0)
        exit(EXIT_FAILURE);
    pid_t pid = fork();
    if (pid == 0) {
        close(release[1]);
        act(arg, ready[1]);
        _exit(read(release[0], &byte, 1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(ready[1]);
    close(release[0]);
    if (read(ready[0], &byte, 1) != 1) {
        fprintf(stderr, "find_scalar: the client that was to be searched did not get ready\n");
        exit(EXIT_FAILURE);
    }
    close(ready[0]);
    *ret_release = release[1];
    return pid;
}

static void say_ready(int ready)
{
    if (write(ready, "", 1) != 1)
        _exit(EXIT_FAILURE);
}

static void sign_with(void *arg, int ready)
{
    const char *name = arg;
    ClrcKeyHandle key = NULL;
    uint8_t digest[32] = {7};
    uint8_t signature[160] = {0};
    must(clrcLoadNamedKey(name, NULL, &key), name);
    for (int i = 0; i < 100; i++) {
        uint32_t length = sizeof signature;
        must(clrcSignDigest(key, CLRC_ECDSA, digest, sizeof digest, signature, &length), "sign");
    }
    say_ready(ready);
}

static void export_one(void *arg, int ready)
{
    (void)arg;
    ClrcKeyHandle key = NULL;
    static uint8_t der[512];
    uint32_t length = sizeof der;
    must(clrcLoadNamedKey("find-scalar-control", NULL, &key), "load the control key");
    must(clrcExportKey(key, der, &length), "export the control key");
    say_ready(ready);
}

static void tell_private(const char *name, struct needles *ret)
{
    TEEC_Context context = {0};
    TEEC_Session session = {0};
    const TEEC_UUID uuid = KM_CRYPTO_TA_UUID;
    uint8_t scalar[SCALAR_MAX] = {0};
    TEEC_Operation load = {0};
    load.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_INPUT,
                                       TEEC_MEMREF_TEMP_INPUT, TEEC_VALUE_OUTPUT);
    load.params[0].tmpref.buffer = (void *)(uintptr_t)name;
    load.params[0].tmpref.size = strlen(name);
    TEEC_Operation tell = {0};
    tell.paramTypes =
        TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE);
    tell.params[1].tmpref.buffer = scalar;
    tell.params[1].tmpref.size = sizeof scalar;
    TEEC_Result result = TEEC_InitializeContext(NULL, &context);
    if (result == TEEC_SUCCESS)
        result = TEEC_OpenSession(&context, &session, &uuid, TEEC_LOGIN_USER, NULL, NULL, NULL);
    if (result == TEEC_SUCCESS)
        result = TEEC_InvokeCommand(&session, KM_CRYPTO_CMD_LOAD_KEY, &load, NULL);
    tell.params[0].value.a = load.params[3].value.a;
    if (result == TEEC_SUCCESS)
        result = TEEC_InvokeCommand(&session, KM_CRYPTO_CMD_TELL_PRIVATE, &tell, NULL);
    if (result != TEEC_SUCCESS) {
        fprintf(stderr,
                "find_scalar: the test build of the crypto application does not tell: 0x%08x\n",
                result);
        exit(EXIT_FAILURE);
    }
    needles_make(ret, scalar, tell.params[1].tmpref.size);
    TEEC_CloseSession(&session);
    TEEC_FinalizeContext(&context);
}

/* The search must find what is there, or its silence would mean nothing. */
static void control(const char *dir)
{
    ClrcKeyTemplate wish = {
        .type = KEY_ECDSA_KEYPAIR, .bits = 256, .attributes = CLRC_ATTR_EXPORT_AS_PLAIN};
    ClrcKeyHandle key = NULL;
    must(clrcCreateKey(&wish, &key), "make the control key");
    must(clrcSaveNamedKey(key, "find-scalar-control", NULL), "save the control key");
    struct needles needles = {0};
    uint8_t scalar[SCALAR_MAX] = {0};
    uint32_t length = sizeof scalar;
    must(clrcGetKeyAttribute(key, CLRC_ATTR_ECC_PRIVATE_VALUE, scalar, &length),
         "read the control key");
    clrcFreeKey(key);
    needles_make(&needles, scalar, length);

    int release = -1;
    uint64_t n_read = 0;
    pid_t pid = hold_child(export_one, NULL, &release);
    bool in_memory = process_holds(&needles, pid, &n_read);
    close(release);
    waitpid(pid, NULL, 0);
    struct km_err err = {0};
    char path[4096] = {0};
    snprintf(path, sizeof path, "%s/find_scalar.control", dir);
    if (km_file_write(&err, AT_FDCWD, path, KM_SLICE(needles.bytes[2], needles.len[2]), 0600) !=
        KM_OK)
        exit(EXIT_FAILURE);
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool in_file = folder >= 0 && file_holds(&needles, folder, "find_scalar.control");
    close(folder);
    unlink(path);
    must(clrcDeleteNamedKey("find-scalar-control", NULL), "delete the control key");
    if (!in_memory || !in_file) {
        fprintf(stderr, "find_scalar: the search is blind: a scalar that is there was not found\n");
        exit(EXIT_FAILURE);
    }
    printf(
        "control: the same search finds the scalar of a key made exportable, in memory and in a file\n");
}

static int seen_name(void *arg, const ClrcKeyInfo *info)
{
    const char *state = arg;
    struct needles name = {0};
    unsigned n_files = 0;
    size_t len = strlen(info->name);
    for (size_t form = 0; form < FORMS; form++) {
        km_copy(name.bytes[form], sizeof name.bytes[form], info->name, len);
        name.len[form] = len;
    }
    if (tree_holds(&name, state, &n_files)) {
        printf("FOUND the name %s in the clear\n", info->name);
        exit(EXIT_FAILURE);
    }
    return 1;
}

/* The clients that the caller started: programs that know the key only through a door. */
static bool clients_hold(const struct needles *needles, int n_pids, char *const pids[])
{
    for (int i = 0; i < n_pids; i++) {
        uint64_t n_read = 0;
        if (process_holds(needles, (pid_t)strtol(pids[i], NULL, 10), &n_read)) {
            printf("FOUND in the memory of process %s\n", pids[i]);
            return true;
        }
        printf("memory of the client with pid %s: %.1f MiB searched, the scalar is not there\n",
               pids[i], (double)n_read / 1048576.0);
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "Usage: find_scalar KEY STATE_DIR DIR [PID ...]\n");
        return 2;
    }
    control(argv[3]);
    int release = -1;
    /* The client forks off before this process learns the scalar, so what is found there is its own. */
    clrcShutdown();
    pid_t pid = hold_child(sign_with, argv[1], &release);
    struct needles needles = {0};
    tell_private(argv[1], &needles);
    uint64_t n_read = 0;
    unsigned n_files = 0;
    bool found = process_holds(&needles, pid, &n_read);
    close(release);
    waitpid(pid, NULL, 0);
    if (found) {
        printf("FOUND in the memory of a client that signed with %s\n", argv[1]);
        return EXIT_FAILURE;
    }
    printf(
        "memory of a client that made 100 signatures: %.1f MiB searched, the scalar is not there\n",
        (double)n_read / 1048576.0);
    if (clients_hold(&needles, argc - 4, argv + 4))
        return EXIT_FAILURE;
    if (tree_holds(&needles, argv[2], &n_files) || tree_holds(&needles, argv[3], &n_files))
        return EXIT_FAILURE;
    printf(
        "state directory, logs and files of the clients: %u files searched, the scalar is not there\n",
        n_files);
    must(clrcListNamedKeys(NULL, seen_name, argv[2]), "list");
    printf("the store shows no key's name in the clear\n");
    return EXIT_SUCCESS;
}
