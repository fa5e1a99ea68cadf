/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill_writes BUILD_DIR KILLS: kills the service, a template or an instance with SIGKILL at random
 * instants while clients write, and shows that nothing acknowledged is lost.
 *
 * Writers create, save and delete named keys and note in shared memory what was asked and what was
 * acknowledged. After each kill of the service it is started again. At the end, and every 50 kills, every key acknowledged
 * as saved is there and signs, and every key acknowledged as deleted is gone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clrc.h"
#include "common/km_status.h"

#define WRITERS 2u
#define NAMES 40u
#define PAUSE_MAX_US 20000u
#define RETRIES_MAX 3000 /* a minute: a busy machine starts a service and its template in seconds */

/* What a writer knows of one of its names. The in-between states may end either way. */
enum fate { ABSENT, SAVING, PRESENT, DELETING };

struct board {
    _Atomic int fate[WRITERS][NAMES];
    _Atomic unsigned n_acknowledged;
    _Atomic bool pause;
    _Atomic bool paused[WRITERS];
};
static struct board *board;
static char root[] = "/tmp/keymoor-kill.XXXXXX";
static char socket_path[128];
static const char *build;
static pid_t test_pid;
static pid_t service;
static pid_t writers[WRITERS];

static void die(const char *what, const char *name, ClrcResult result)
{
    fprintf(stderr, "kill_writes: %s %s: %s (0x%08x) %s\n", what, name, clrcResultText(result),
            result, clrcLastError());
    exit(EXIT_FAILURE);
}

static uint32_t random_below(uint32_t bound)
{
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, 0) != (ssize_t)sizeof value)
        exit(EXIT_FAILURE);
    return value % bound;
}

static void nap_us(uint32_t us)
{
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000},
              NULL);
}

static pid_t start_service(void)
{
    char keymoord[4096];
    char state[4096];
    char ta_dir[4096];
    char ta_keys[4096];
    char uid_base[16];
    snprintf(keymoord, sizeof keymoord, "%s/bin/keymoord", build);
    snprintf(state, sizeof state, "%s/state", root);
    snprintf(ta_dir, sizeof ta_dir, "%s/ta", build);
    snprintf(ta_keys, sizeof ta_keys, "%s/ta-keys", build);
    snprintf(uid_base, sizeof uid_base, "%d", 260016 + (int)test_pid % 4096 * 16);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(log, STDERR_FILENO);
        execl(keymoord, keymoord, "--state-dir", state, "--socket", socket_path, "--ta-dir", ta_dir,
              "--ta-key", ta_keys, "--uid-base", uid_base, "--audit", "none", (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void name_of(unsigned writer, unsigned i, char ret[32])
{
    snprintf(ret, 32, "kill-%u-%u", writer, i);
}

/* What may happen to a call while the other side is killed; anything else is a failure of the test. */
static bool killed(ClrcResult result)
{
    return result == CLRC_ERROR_NO_SERVICE || result == CLRC_ERROR_SERVICE_DIED ||
           result == CLRC_ERROR_KEY_GONE;
}

static void write_once(unsigned writer)
{
    unsigned i = random_below(NAMES);
    char name[32];
    name_of(writer, i, name);
    int before = atomic_load(&board->fate[writer][i]);
    ClrcResult result = CLRC_SUCCESS;
    if (before == ABSENT || before == SAVING) {
        ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
        ClrcKeyHandle key = NULL;
        result = clrcCreateKey(&wish, &key);
        if (result == CLRC_SUCCESS) {
            atomic_store(&board->fate[writer][i], SAVING);
            result = clrcSaveNamedKey(key, name, NULL);
        }
        clrcFreeKey(key);
        if (result == CLRC_SUCCESS || (result == CLRC_ERROR_EXISTS && before == SAVING))
            atomic_store(&board->fate[writer][i], PRESENT);
        else if (!killed(result))
            die("save", name, result);
    } else {
        atomic_store(&board->fate[writer][i], DELETING);
        result = clrcDeleteNamedKey(name, NULL);
        if (result == CLRC_SUCCESS || (result == CLRC_ERROR_NOT_FOUND && before == DELETING))
            atomic_store(&board->fate[writer][i], ABSENT);
        else if (!killed(result))
            die("delete", name, result);
    }
    if (result == CLRC_SUCCESS)
        atomic_fetch_add(&board->n_acknowledged, 1);
    else
        nap_us(1000);
}

static void write_forever(unsigned writer)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        atomic_store(&board->paused[writer], atomic_load(&board->pause));
        if (atomic_load(&board->pause))
            nap_us(1000);
        else
            write_once(writer);
    }
}

/* Processes below the service: templates, and the instances below them. */
static size_t children_of(pid_t parent, pid_t *ret, size_t cap)
{
    size_t n = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry = NULL; proc != NULL && (entry = readdir(proc)) != NULL;) {
        char path[300];
        char line[512] = {0};
        int ppid = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *stat = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        if (stat == NULL)
            continue;
        char *end = fgets(line, sizeof line, stat) != NULL ? strrchr(line, ')') : NULL;
        if (end != NULL && sscanf(end + 1, " %*c %d", &ppid) == 1 && ppid == parent && n < cap)
            ret[n++] = (pid_t)strtol(entry->d_name, NULL, 10);
        fclose(stat);
    }
    if (proc != NULL)
        closedir(proc);
    return n;
}

/* The victim of this round; the service itself every third time. */
static pid_t choose(void)
{
    pid_t templates[16];
    pid_t instances[64];
    if (random_below(3) == 0)
        return service;
    size_t n_templates = children_of(service, templates, 16);
    if (n_templates == 0)
        return service;
    pid_t chosen = templates[random_below((uint32_t)n_templates)];
    size_t n_instances = children_of(chosen, instances, 64);
    if (n_instances == 0 || random_below(4) == 0)
        return chosen;
    return instances[random_below((uint32_t)n_instances)];
}

static ClrcResult sign(ClrcKeyHandle key)
{
    static const uint8_t digest[32] = {4};
    uint8_t signature[80];
    uint32_t length = sizeof signature;
    return clrcSignDigest(key, CLRC_ECDSA, digest, sizeof digest, signature, &length);
}

static void writers_live(void)
{
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        if (waitpid(writers[writer], NULL, WNOHANG) != 0) {
            fprintf(stderr, "kill_writes: a writer ended\n");
            writers[writer] = 0;
            exit(EXIT_FAILURE);
        }
    }
}

/* On a busy machine the next kill comes before anything is done: writers get the time that they need. */
static void await_acknowledged(unsigned n)
{
    while (atomic_load(&board->n_acknowledged) < n) {
        nap_us(1000);
        writers_live();
    }
}

static void check(void)
{
    atomic_store(&board->pause, true);
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        while (!atomic_load(&board->paused[writer])) {
            nap_us(1000);
            writers_live();
        }
    }
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        for (unsigned i = 0; i < NAMES; i++) {
            char name[32];
            name_of(writer, i, name);
            int fate = atomic_load(&board->fate[writer][i]);
            ClrcKeyHandle key = NULL;
            ClrcResult result = clrcLoadNamedKey(name, NULL, &key);
            for (int tries = 0; killed(result) && tries < RETRIES_MAX; tries++) {
                nap_us(20000);
                result = clrcLoadNamedKey(name, NULL, &key);
            }
            bool is_there = result == CLRC_SUCCESS;
            if (!is_there && result != CLRC_ERROR_NOT_FOUND)
                die("load", name, result);
            if (is_there && (result = sign(key)) != CLRC_SUCCESS)
                die("sign with", name, result);
            clrcFreeKey(key);
            if (fate == PRESENT && !is_there)
                die("lost: an acknowledged key", name, CLRC_ERROR_NOT_FOUND);
            if (fate == ABSENT && is_there)
                die("came back: a key deleted", name, CLRC_SUCCESS);
        }
    }
    atomic_store(&board->pause, false);
}

/* However the test ends, nothing it started may stay and hold its output. */
static void clean_up(void)
{
    if (getpid() != test_pid)
        return;
    for (unsigned writer = 0; writer < WRITERS; writer++) {
        if (writers[writer] <= 0)
            continue;
        kill(writers[writer], SIGKILL);
        waitpid(writers[writer], NULL, 0);
    }
    kill(service, SIGTERM);
    waitpid(service, NULL, 0);
    char command[160];
    snprintf(command, sizeof command, "rm -rf %s", root);
    if (system(command) != 0)
        fprintf(stderr, "kill_writes: can't remove %s\n", root);
}

int main(int argc, char **argv)
{
    if (argc != 3 || mkdtemp(root) == NULL) {
        fprintf(stderr, "Usage: kill_writes BUILD_DIR KILLS\n");
        return 2;
    }
    build = argv[1];
    unsigned n_kills = (unsigned)strtoul(argv[2], NULL, 10);
    snprintf(socket_path, sizeof socket_path, "%s/sock", root);
    clrcSetSocket(socket_path);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char state[160];
    snprintf(state, sizeof state, "mkdir -m 700 %s/state", root);
    if (board == MAP_FAILED || system(state) != 0)
        return EXIT_FAILURE;

    test_pid = getpid();
    service = start_service();
    for (unsigned writer = 0; writer < WRITERS; writer++)
        if ((writers[writer] = fork()) == 0)
            write_forever(writer);
    atexit(clean_up);
    for (unsigned i = 1; i <= n_kills; i++) {
        nap_us(random_below(PAUSE_MAX_US) + (i == 1 ? 300000 : 0));
        pid_t victim = choose();
        kill(victim, SIGKILL);
        if (victim == service) {
            waitpid(service, NULL, 0);
            service = start_service();
            nap_us(60000);
        }
        writers_live();
        if (i % 50 == 0 || i == n_kills) {
            await_acknowledged(i / 4 + 1);
            check();
        }
    }
    unsigned n = atomic_load(&board->n_acknowledged);
    printf("%u kills, %u acknowledged writes, nothing lost\n", n_kills, n);
    return n > n_kills / 4 ? EXIT_SUCCESS : EXIT_FAILURE;
}
