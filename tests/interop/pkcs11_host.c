/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that loads KM_TEST_MODULE and comes to one of the ends that programs come to. Usage: pkcs11_host END [ROUND].
 * Status 0: all was as it has to be. The key "life" is in slot 0 (pkcs11_host make).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/km_bytes.h"
#include "tests/interop/pkcs11_rig.h"

#define KEY "life"

static struct km_rig rig;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key;
static unsigned round_no;

static void load(void)
{
    KM_RIG_NEED(km_rig_load(getenv("KM_TEST_MODULE"), &rig));
}

static void begin(void)
{
    load();
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
    KM_RIG_OK(km_rig_open(&rig, 0, &session));
    KM_RIG_OK(km_rig_key(&rig, session, KEY, &key));
    KM_RIG_OK(km_rig_sign(&rig, session, key));
}

/* How many entries a folder of /proc/self has. */
static unsigned count(const char *path)
{
    unsigned n = 0;
    DIR *folder = opendir(path);
    KM_RIG_NEED(folder != NULL);
    if (folder == NULL)
        return 0;
    while (readdir(folder) != NULL)
        n++;
    (void)closedir(folder);
    return n;
}

static void make(void)
{
    CK_OBJECT_HANDLE keys[2] = {0};
    load();
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
    KM_RIG_OK(km_rig_open(&rig, 0, &session));
    KM_RIG_OK(km_rig_pair(&rig, session, KEY, keys));
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

/* No list of functions promises a forked child what its parent had. */
static void forks_begin_anew(void)
{
    CK_RV (*get)(CK_UTF8CHAR_PTR, CK_VERSION_PTR, CK_INTERFACE_PTR_PTR, CK_FLAGS) = NULL;
    CK_INTERFACE *interface = NULL;
    *(void **)(&get) = dlsym(rig.library, "C_GetInterface");
    KM_RIG_NEED(get != NULL && get(NULL, NULL, &interface, 0) == CKR_OK && interface->flags == 0 &&
                get(NULL, NULL, &interface, CKF_INTERFACE_FORK_SAFE) == CKR_ARGUMENTS_BAD);
}

/* Until a key, a token or a list of them is asked for there is no thread, file or connection. */
static void costs(void)
{
    unsigned n_files = count("/proc/self/fd");
    unsigned n_threads = count("/proc/self/task");
    CK_INFO info = {0};
    CK_SLOT_INFO slot = {0};
    CK_RV (*interfaces)(CK_INTERFACE_PTR, CK_ULONG_PTR) = NULL;
    CK_ULONG n = 0;
    load();
    *(void **)(&interfaces) = dlsym(rig.library, "C_GetInterfaceList");
    KM_RIG_NEED(interfaces != NULL && interfaces(NULL, &n) == CKR_OK && n == 2);
    forks_begin_anew();
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
    KM_RIG_OK(rig.p11->C_GetInfo(&info));
    KM_RIG_OK(rig.p11->C_GetSlotInfo(0, &slot));
    KM_RIG_NEED(count("/proc/self/fd") == n_files && count("/proc/self/task") == n_threads);
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
    KM_RIG_NEED(count("/proc/self/fd") == n_files && count("/proc/self/task") == n_threads);
}

static void reload(bool finalises)
{
    unsigned n_files = 0;
    unsigned n_threads = 0;
    for (unsigned i = 0; i < 50; i++) {
        load();
        CK_RV rv = rig.p11->C_Initialize(NULL);
        /* The module stays where it is when it is unloaded, with its state. */
        KM_RIG_NEED(rv == (finalises || i == 0 ? CKR_OK : CKR_CRYPTOKI_ALREADY_INITIALIZED));
        KM_RIG_OK(km_rig_open(&rig, 0, &session));
        KM_RIG_OK(km_rig_key(&rig, session, KEY, &key));
        KM_RIG_OK(km_rig_sign(&rig, session, key));
        if (finalises)
            KM_RIG_OK(rig.p11->C_Finalize(NULL));
        KM_RIG_NEED(dlclose(rig.library) == 0);
        if (i == 0) {
            n_files = count("/proc/self/fd");
            n_threads = count("/proc/self/task");
        }
        KM_RIG_NEED(count("/proc/self/fd") == n_files && count("/proc/self/task") == n_threads);
    }
}

static void reload_finalised(void)
{
    reload(true);
}

static void reload_as_it_is(void)
{
    reload(false);
}

/* Sessions, an operation and a search are left as they are. */
static void never_finalises(void)
{
    CK_MECHANISM sign = {CKM_ECDSA_SHA256, NULL, 0};
    CK_BYTE part[] = {1, 2, 3};
    begin();
    KM_RIG_OK(rig.p11->C_SignInit(session, &sign, key));
    KM_RIG_OK(rig.p11->C_SignUpdate(session, part, sizeof(part)));
    KM_RIG_OK(rig.p11->C_FindObjectsInit(session, NULL, 0));
}

/* ---- while threads sign ---- */

static struct km_rig_signers *signers;

/* Each round at another point of what they do. */
static void start_signers(void)
{
    begin();
    signers = km_rig_signers_start(&rig, KEY, true);
    (void)usleep(700 * round_no);
}

static void finalises(void)
{
    start_signers();
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

static void unloads(void)
{
    start_signers();
    KM_RIG_NEED(dlclose(rig.library) == 0);
    km_rig_signers_progress(signers);
}

static void leaves_at_once(void)
{
    start_signers();
    _exit(0);
}

static void finalise_at_exit(void)
{
    (void)rig.p11->C_Finalize(NULL);
}

static void finalises_at_exit(void)
{
    start_signers();
    KM_RIG_NEED(atexit(finalise_at_exit) == 0);
}

/* The first thread is gone, the others end the process. */
static void *stop_signers(void *arg)
{
    (void)km_rig_signers_stop(signers);
    exit(0);
    return arg;
}

static void first_thread_ends(void)
{
    pthread_t last = 0;
    start_signers();
    KM_RIG_NEED(pthread_create(&last, NULL, stop_signers, NULL) == 0);
    pthread_exit(NULL);
}

/* Sessions and keys vanish under the threads' feet, again and again; what they have is refused, and they open it anew. */
static void begins_again(void)
{
    start_signers();
    for (unsigned i = 0; i < 20; i++) {
        KM_RIG_OK(rig.p11->C_Finalize(NULL));
        KM_RIG_OK(rig.p11->C_Initialize(NULL));
        km_rig_signers_progress(signers);
    }
    KM_RIG_NEED(km_rig_signers_stop(signers) >= 20 * KM_RIG_THREADS);
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
}

/* As daemons do: all descriptors are closed, and their numbers go to files of the program's, which must stay untouched. */
static void closes_all(void)
{
    int files[16] = {0};
    char text[8] = {0};
    begin();
    for (int fd = 3; fd < 64; fd++)
        (void)close(fd);
    for (size_t i = 0; i < KM_ARRAY_LEN(files); i++) {
        files[i] = memfd_create("mine", MFD_CLOEXEC);
        KM_RIG_NEED(files[i] >= 0 && write(files[i], "mine", 4) == 4);
    }
    CK_RV rv = km_rig_sign(&rig, session, key);
    KM_RIG_NEED(rv == CKR_OK || rv == CKR_DEVICE_REMOVED);
    KM_RIG_OK(km_rig_sign(&rig, session, key));
    KM_RIG_OK(rig.p11->C_Finalize(NULL));
    for (size_t i = 0; i < KM_ARRAY_LEN(files); i++)
        KM_RIG_NEED(pread(files[i], text, sizeof(text), 0) == 4 && strcmp(text, "mine") == 0);
    KM_RIG_OK(rig.p11->C_Initialize(NULL));
    KM_RIG_OK(km_rig_open(&rig, 0, &session));
    KM_RIG_OK(km_rig_key(&rig, session, KEY, &key));
    KM_RIG_OK(km_rig_sign(&rig, session, key));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } ENDS[] = {
        {"make", make},
        {"costs", costs},
        {"reload", reload_finalised},
        {"reload-as-it-is", reload_as_it_is},
        {"never-finalises", never_finalises},
        {"leaves", start_signers},
        {"leaves-at-once", leaves_at_once},
        {"finalises", finalises},
        {"finalises-at-exit", finalises_at_exit},
        {"unloads", unloads},
        {"first-thread-ends", first_thread_ends},
        {"begins-again", begins_again},
        {"closes-all", closes_all},
    };
    round_no = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    for (size_t i = 0; argc > 1 && i < KM_ARRAY_LEN(ENDS); i++) {
        if (strcmp(ENDS[i].name, argv[1]) == 0) {
            ENDS[i].run();
            return 0;
        }
    }
    (void)fprintf(stderr, "usage: pkcs11_host END [ROUND]\n");
    return 2;
}
