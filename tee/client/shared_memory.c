/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tee/channel/lane_page.h"
#include "tee/client/teec.h"

/* Below this a copy per call costs less than changing the process's memory map. */
#define IN_PLACE_MIN 16384u

struct teec_shared {
    struct teec_context *context;
    bool allocated;             /* the memory is ours, not the caller's */
    struct km_lane_shared lane; /* fd -1 when there are no octets */
    uint8_t *user;              /* where the caller sees it */
    size_t size;
    uint32_t flags;
    uint8_t *map; /* the whole memfd */
    size_t map_len;
    uint8_t
        *pages; /* the caller's pages that were replaced by the memfd's, or the allocated ones */
    size_t pages_len;
    uint8_t *snapshot; /* between the fork handlers: what the child will find in pages */
    struct teec_shared *next;
};

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t page_up(size_t at)
{
    return (at + page_size() - 1) & ~(page_size() - 1);
}

static size_t page_down(size_t at)
{
    return at & ~(page_size() - 1);
}

/* ---- where the caller's pages may be replaced ---- */

/* One line of /proc/self/maps. */
struct region {
    uintptr_t start, end;
    bool is_shared;
    unsigned dev_major, dev_minor;
    unsigned long inode;
    bool plain; /* private, anonymous, readable, writable, and not the main stack */
};

static bool region_next(FILE *maps, struct region *ret)
{
    char line[512];
    char perms[5] = "";
    char name[64] = "";
    unsigned long start = 0;
    unsigned long end = 0;
    if (fgets(line, sizeof(line), maps) == NULL)
        return false;
    *ret = (struct region){0};
    /* The numbers are the kernel's own. */
    if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu %63s", &start, &end, perms, &ret->dev_major,
               &ret->dev_minor, &ret->inode, name) < 6)
        return false;
    while (strchr(line, '\n') == NULL && fgets(line, sizeof(line), maps) != NULL)
        continue;
    ret->start = start;
    ret->end = end;
    ret->is_shared = perms[3] == 's';
    ret->plain =
        strncmp(perms, "rw", 2) == 0 && perms[3] == 'p' && ret->inode == 0 &&
        strncmp(name, "[stack", 6) != 0 &&
        (name[0] == '\0' || strcmp(name, "[heap]") == 0 || strncmp(name, "[anon:", 6) == 0);
    return true;
}

/* Whether every region over [at, at + len) passes; there must be no hole. */
static bool regions_all(const uint8_t *at, size_t len,
                        bool (*pass)(const struct region *region, const void *arg), const void *arg)
{
    uintptr_t next = (uintptr_t)at;
    uintptr_t end = next + len;
    struct region region = {0};
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL)
        return false;
    while (next < end && region_next(maps, &region)) {
        if (region.end <= next)
            continue;
        if (region.start > next || !pass(&region, arg))
            break;
        next = region.end;
    }
    fclose(maps);
    return next >= end;
}

static bool is_plain(const struct region *region, const void *arg)
{
    (void)arg;
    return region->plain;
}

static bool is_file(const struct region *region, const void *arg)
{
    const struct stat *stat = (const struct stat *)arg;
    return region->is_shared && region->inode == stat->st_ino &&
           region->dev_major == major(stat->st_dev) && region->dev_minor == minor(stat->st_dev);
}

/* ---- making ---- */

static TEEC_Result map_new(struct teec_shared *shared, size_t len)
{
    km_status status = km_lane_memfd_new(NULL, "keymoor-shared", len, &shared->lane.fd);
    if (status == KM_OK)
        status = km_lane_map(NULL, shared->lane.fd, len, &shared->map);
    if (status != KM_OK)
        return TEEC_ERROR_OUT_OF_MEMORY;
    shared->map_len = len;
    return TEEC_SUCCESS;
}

static TEEC_Result make_allocated(struct teec_shared *shared)
{
    TEEC_Result result = map_new(shared, page_up(shared->size == 0 ? 1 : shared->size));
    if (result != TEEC_SUCCESS)
        return result;
    shared->user = shared->map;
    shared->pages = shared->map;
    shared->pages_len = shared->map_len;
    shared->lane.at = shared->map;
    return TEEC_SUCCESS;
}

static TEEC_Result make_shadow(struct teec_shared *shared)
{
    TEEC_Result result = map_new(shared, page_up(shared->size == 0 ? 1 : shared->size));
    if (result == TEEC_SUCCESS && madvise(shared->map, shared->map_len, MADV_DONTFORK) != 0)
        result = TEEC_ERROR_OUT_OF_MEMORY;
    shared->lane.at = shared->map;
    return result;
}

/*
 * The caller's whole pages become the memfd's: what was in them is copied there, and the mapping is
 * put over them. The pages at the edges hold other things of the caller, so of them a copy is kept.
 */
static TEEC_Result make_in_place(struct teec_shared *shared)
{
    uintptr_t start = (uintptr_t)shared->user;
    size_t lead = start - page_down(start);
    size_t head = page_up(start) - start;
    size_t len = page_down(shared->size - head);
    TEEC_Result result = map_new(shared, page_up(lead + shared->size));
    if (result != TEEC_SUCCESS)
        return result;
    shared->lane.offset = lead;
    shared->lane.at = shared->map + lead;
    if (madvise(shared->map, shared->map_len, MADV_DONTFORK) != 0)
        return TEEC_ERROR_OUT_OF_MEMORY;
    km_copy(shared->lane.at, shared->size, shared->user, shared->size);
    void *over = mmap(shared->user + head, len, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_FIXED | MAP_POPULATE, shared->lane.fd, (off_t)(lead + head));
    if (over == MAP_FAILED)
        return TEEC_SUCCESS; /* then all of it is kept as a copy */
    shared->pages = shared->user + head;
    shared->pages_len = len;
    return TEEC_SUCCESS;
}

static bool may_be_in_place(const struct teec_shared *shared)
{
    uintptr_t start = (uintptr_t)shared->user;
    size_t head = page_up(start) - start;
    if (shared->size < IN_PLACE_MIN + page_size() || shared->size < head)
        return false;
    return regions_all(shared->user + head, page_down(shared->size - head), is_plain, NULL);
}

/* ---- undoing ---- */

/* The caller's pages get memory of their own again, with what is in them now. */
static void give_back(const struct teec_shared *shared)
{
    struct stat stat = {0};
    /* When the caller unmapped them meanwhile, something else may live there. */
    if (fstat(shared->lane.fd, &stat) != 0 ||
        !regions_all(shared->pages, shared->pages_len, is_file, &stat))
        return;
    void *own =
        mmap(NULL, shared->pages_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (own == MAP_FAILED)
        return; /* the mapping stays: memory that works, only not private */
    km_copy(own, shared->pages_len, shared->pages, shared->pages_len);
    if (mremap(own, shared->pages_len, shared->pages_len, MREMAP_MAYMOVE | MREMAP_FIXED,
               shared->pages) == MAP_FAILED)
        munmap(own, shared->pages_len);
}

static void shared_free(struct teec_shared *shared, bool inherited)
{
    /* In a child only what was allocated came along, as a copy. */
    if (shared->map != NULL && (shared->allocated || !inherited))
        munmap(shared->map, shared->map_len);
    km_fd_closep(&shared->lane.fd);
    free(shared);
}

/* ---- fork ---- */

void teec_shared_before_fork(struct teec_shared *first)
{
    for (struct teec_shared *at = first; at != NULL; at = at->next) {
        at->snapshot = NULL;
        if (at->pages == NULL)
            continue;
        void *copy =
            mmap(NULL, at->pages_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (copy == MAP_FAILED)
            continue;
        km_copy(copy, at->pages_len, at->pages, at->pages_len);
        at->snapshot = (uint8_t *)copy;
    }
}

/* The child's pages become its own. Short of memory: a view of the parent's, which takes writes privately. */
static void make_private(const struct teec_shared *shared)
{
    off_t offset = (off_t)(shared->allocated ? 0 : page_up(shared->lane.offset));
    if (shared->snapshot != NULL &&
        mremap(shared->snapshot, shared->pages_len, shared->pages_len,
               MREMAP_MAYMOVE | MREMAP_FIXED, shared->pages) != MAP_FAILED)
        return;
    if (mmap(shared->pages, shared->pages_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
             shared->lane.fd, offset) == MAP_FAILED)
        abort(); /* the child would write into its parent's memory */
}

void teec_shared_after_fork(struct teec_shared *first, bool child)
{
    for (struct teec_shared *at = first; at != NULL; at = at->next) {
        if (child && at->pages != NULL)
            make_private(at);
        else if (at->snapshot != NULL)
            munmap(at->snapshot, at->pages_len);
        at->snapshot = NULL;
        if (child)
            km_fd_closep(&at->lane.fd);
    }
}

/* ---- the calls ---- */

static TEEC_Result check(const TEEC_Context *context, const TEEC_SharedMemory *memory)
{
    uint32_t known = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    if (context == NULL || context->imp.state == NULL || memory == NULL || memory->flags == 0 ||
        (memory->flags & ~known) != 0)
        return TEEC_ERROR_BAD_PARAMETERS;
    if (teec_context_inherited((const struct teec_context *)context->imp.state))
        return TEEC_ERROR_COMMUNICATION;
    return memory->size > TEEC_CONFIG_SHAREDMEM_MAX_SIZE ? TEEC_ERROR_OUT_OF_MEMORY : TEEC_SUCCESS;
}

static TEEC_Result make(struct teec_shared *shared)
{
    if (shared->allocated)
        return make_allocated(shared);
    return may_be_in_place(shared) ? make_in_place(shared) : make_shadow(shared);
}

/*
 * Under the lock from before the caller's pages are replaced until the block is on the list: a fork
 * in between would leave its child pages that are its parent's.
 */
static TEEC_Result make_and_link(struct teec_shared *shared)
{
    struct teec_context *context = shared->context;
    pthread_mutex_lock(&context->lock);
    TEEC_Result result = make(shared);
    if (result == TEEC_SUCCESS) {
        context->n_users++;
        shared->next = context->shared;
        context->shared = shared;
    }
    pthread_mutex_unlock(&context->lock);
    return result;
}

static TEEC_Result shared_new(TEEC_Context *context, TEEC_SharedMemory *memory, bool allocate)
{
    static _Atomic uint64_t last_id;
    struct teec_shared *shared = calloc(1, sizeof(*shared));
    if (shared == NULL)
        return TEEC_ERROR_OUT_OF_MEMORY;
    *shared = (struct teec_shared){.context = (struct teec_context *)context->imp.state,
                                   .allocated = allocate,
                                   .user = (uint8_t *)memory->buffer,
                                   .size = memory->size,
                                   .flags = memory->flags};
    shared->lane = (struct km_lane_shared){
        .fd = -1, .id = atomic_fetch_add(&last_id, 1) + 1, .size = memory->size};
    TEEC_Result result = make_and_link(shared);
    if (result != TEEC_SUCCESS) {
        shared_free(shared, false);
        return result;
    }
    memory->buffer = shared->user;
    memory->imp.state = shared;
    return TEEC_SUCCESS;
}

TEEC_EXPORT TEEC_Result TEEC_RegisterSharedMemory(TEEC_Context *context,
                                                  TEEC_SharedMemory *sharedMem)
{
    if (sharedMem != NULL)
        sharedMem->imp.state = NULL;
    TEEC_Result result = check(context, sharedMem);
    if (result != TEEC_SUCCESS)
        return result;
    return sharedMem->buffer == NULL ? TEEC_ERROR_BAD_PARAMETERS
                                     : shared_new(context, sharedMem, false);
}

TEEC_EXPORT TEEC_Result TEEC_AllocateSharedMemory(TEEC_Context *context,
                                                  TEEC_SharedMemory *sharedMem)
{
    if (sharedMem != NULL) {
        sharedMem->buffer = NULL;
        sharedMem->imp.state = NULL;
    }
    TEEC_Result result = check(context, sharedMem);
    return result != TEEC_SUCCESS ? result : shared_new(context, sharedMem, true);
}

/* Under the lock until the pages are the caller's own again, or a fork would not find the block. */
static void give_back_and_unlink(struct teec_shared *shared, bool inherited)
{
    struct teec_context *context = shared->context;
    pthread_mutex_lock(&context->lock);
    if (shared->pages != NULL && !shared->allocated && !inherited)
        give_back(shared);
    for (struct teec_shared **at = &context->shared; *at != NULL; at = &(*at)->next) {
        if (*at == shared) {
            *at = shared->next;
            break;
        }
    }
    for (struct teec_session *at = context->sessions; at != NULL; at = at->next)
        km_lane_client_forget(at->lane, shared->lane.id);
    pthread_mutex_unlock(&context->lock);
}

TEEC_EXPORT void TEEC_ReleaseSharedMemory(TEEC_SharedMemory *sharedMem)
{
    if (sharedMem == NULL || sharedMem->imp.state == NULL)
        return;
    struct teec_shared *shared = (struct teec_shared *)sharedMem->imp.state;
    struct teec_context *context = shared->context;
    sharedMem->imp.state = NULL;
    if (shared->allocated)
        sharedMem->buffer = NULL;
    bool inherited = teec_context_inherited(context);
    give_back_and_unlink(shared, inherited);
    shared_free(shared, inherited);
    teec_context_drop(context);
}

/* ---- use in an operation ---- */

static uint8_t whole_type(uint32_t flags)
{
    if (flags == TEEC_MEM_INPUT)
        return KM_PARAM_MEM_IN;
    return flags == TEEC_MEM_OUTPUT ? KM_PARAM_MEM_OUT : KM_PARAM_MEM_INOUT;
}

static bool flags_allow(uint32_t flags, uint8_t type)
{
    bool in = type != KM_PARAM_MEM_OUT;
    bool out = type != KM_PARAM_MEM_IN;
    return (!in || (flags & TEEC_MEM_INPUT) != 0) && (!out || (flags & TEEC_MEM_OUTPUT) != 0);
}

TEEC_Result teec_shared_param(const struct teec_context *context, const TEEC_SharedMemory *memory,
                              uint8_t type, size_t offset, size_t size, bool whole,
                              struct km_lane_client_param *ret_param)
{
    static uint8_t nothing;
    if (memory == NULL || memory->imp.state == NULL)
        return TEEC_ERROR_BAD_PARAMETERS;
    const struct teec_shared *shared = (const struct teec_shared *)memory->imp.state;
    size_t end = 0;
    if (whole) {
        type = whole_type(shared->flags);
        size = shared->size;
    }
    if (shared->context != context || !flags_allow(shared->flags, type) ||
        __builtin_add_overflow(offset, size, &end) || end > shared->size)
        return TEEC_ERROR_BAD_PARAMETERS;
    *ret_param = (struct km_lane_client_param){.type = type, .size = size, .offset = offset};
    if (size == 0)
        ret_param->buffer = &nothing; /* not a null reference */
    else
        ret_param->shared = &shared->lane;
    return TEEC_SUCCESS;
}

/* The parts of [offset, offset + size) before and behind the pages that are used in place. */
static void copy_edges(const struct teec_shared *shared, size_t offset, size_t size, bool in)
{
    size_t begin = shared->pages == NULL ? shared->size : (size_t)(shared->pages - shared->user);
    size_t behind = begin + (shared->pages == NULL ? 0 : shared->pages_len);
    size_t end = offset + size;
    const size_t parts[2][2] = {{offset, end < begin ? end : begin},
                                {offset > behind ? offset : behind, end}};
    for (size_t i = 0; i < 2; i++) {
        if (parts[i][0] >= parts[i][1])
            continue;
        uint8_t *theirs = shared->lane.at + parts[i][0];
        uint8_t *ours = shared->user + parts[i][0];
        size_t len = parts[i][1] - parts[i][0];
        km_copy(in ? theirs : ours, len, in ? ours : theirs, len);
    }
}

void teec_shared_copy_in(const TEEC_SharedMemory *memory, size_t offset, size_t size)
{
    const struct teec_shared *shared = (const struct teec_shared *)memory->imp.state;
    if (!shared->allocated && size > 0)
        copy_edges(shared, offset, size, true);
}

void teec_shared_copy_out(const TEEC_SharedMemory *memory, size_t offset, size_t size)
{
    const struct teec_shared *shared = (const struct teec_shared *)memory->imp.state;
    if (!shared->allocated && size > 0)
        copy_edges(shared, offset, size, false);
}
