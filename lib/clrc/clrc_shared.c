/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that the service uses in place, found again by address. */
#include <stdlib.h>

#include "lib/clrc/clrc_internal.h"

#define BLOCKS_MAX 4096u

struct block {
    TEEC_SharedMemory memory; /* first, so that a call's parent is the block */
    bool is_allocated;
    unsigned n_forks; /* a child's calls can't use its parent's blocks */
};

/* Sorted by address; they never overlap. Leaf lock: the Client API is not called under it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block **blocks;
static size_t n_blocks, n_room;
/* Most programs have none: then nothing is locked or looked for. */
static atomic_size_t n_known;

void clrc_shared_fork_prepare(void)
{
    (void)pthread_mutex_lock(&lock);
}

void clrc_shared_fork_done(void)
{
    (void)pthread_mutex_unlock(&lock);
}

static uintptr_t start_of(const struct block *block)
{
    return (uintptr_t)block->memory.buffer;
}

/* Under the lock: how many blocks start at or before the address. */
static size_t n_up_to(uintptr_t address)
{
    size_t low = 0;
    size_t high = n_blocks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (start_of(blocks[middle]) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Under the lock: the block that the address lies in. */
static struct block *block_at(uintptr_t address)
{
    size_t n = n_up_to(address);
    if (n == 0)
        return NULL;
    struct block *block = blocks[n - 1];
    return address - start_of(block) < block->memory.size ? block : NULL;
}

TEEC_SharedMemory *clrc_shared_find(const void *buffer, size_t size, size_t *ret_offset)
{
    if (atomic_load_explicit(&n_known, memory_order_acquire) == 0)
        return NULL;
    uintptr_t address = (uintptr_t)buffer;
    (void)pthread_mutex_lock(&lock);
    struct block *block = block_at(address);
    size_t offset = block == NULL ? 0 : address - start_of(block);
    bool is_inside =
        block != NULL && size <= block->memory.size - offset && block->n_forks == clrc_n_forks();
    (void)pthread_mutex_unlock(&lock);
    if (!is_inside)
        return NULL;
    *ret_offset = offset;
    return &block->memory;
}

/* Under the lock. */
static bool has_room(void)
{
    if (n_blocks < n_room)
        return true;
    if (n_room >= BLOCKS_MAX)
        return false;
    size_t wanted = n_room == 0 ? 16 : 2 * n_room;
    struct block **grown = realloc(blocks, wanted * sizeof(struct block *));
    if (grown == NULL)
        return false;
    blocks = grown;
    n_room = wanted;
    return true;
}

static bool overlaps(const struct block *block)
{
    uintptr_t last = start_of(block) + block->memory.size - 1;
    size_t n = n_up_to(last);
    if (n == 0)
        return false;
    const struct block *other = blocks[n - 1];
    return start_of(other) + other->memory.size > start_of(block);
}

static ClrcResult insert(struct block *block)
{
    (void)pthread_mutex_lock(&lock);
    ClrcResult result = CLRC_SUCCESS;
    if (overlaps(block))
        result = CLRC_ERROR_EXISTS;
    else if (!has_room())
        result = n_room >= BLOCKS_MAX ? CLRC_ERROR_TOO_LARGE : CLRC_ERROR_OUT_OF_MEMORY;
    if (result == CLRC_SUCCESS) {
        size_t at = n_up_to(start_of(block));
        for (size_t i = n_blocks; i > at; i--)
            blocks[i] = blocks[i - 1];
        blocks[at] = block;
        n_blocks++;
        atomic_store(&n_known, n_blocks);
    }
    (void)pthread_mutex_unlock(&lock);
    return result;
}

/* Takes out the block of this kind that starts at the buffer; NULL when there is none. */
static struct block *take_out(const void *buffer, bool is_allocated)
{
    (void)pthread_mutex_lock(&lock);
    size_t at = n_up_to((uintptr_t)buffer);
    struct block *block = at == 0 ? NULL : blocks[at - 1];
    if (block != NULL &&
        (start_of(block) != (uintptr_t)buffer || block->is_allocated != is_allocated))
        block = NULL;
    if (block != NULL) {
        n_blocks--;
        for (size_t i = at - 1; i < n_blocks; i++)
            blocks[i] = blocks[i + 1];
        atomic_store(&n_known, n_blocks);
    }
    (void)pthread_mutex_unlock(&lock);
    return block;
}

/* Looked at first: registering one buffer twice would move its pages under the first's feet. */
static bool is_free(const struct block *block)
{
    (void)pthread_mutex_lock(&lock);
    bool is = !overlaps(block);
    (void)pthread_mutex_unlock(&lock);
    return is;
}

static ClrcResult shared_failed(const char *function, TEEC_Result result)
{
    if (result == TEEC_ERROR_COMMUNICATION)
        return clrc_fail(function, CLRC_ERROR_NO_SERVICE, NULL, NULL);
    return clrc_fail(function, clrc_map(result), NULL, NULL);
}

static ClrcResult share(const char *function, struct block *block)
{
    TEEC_Context *context = NULL;
    TEEC_Result result = clrc_context(&context);
    if (result != TEEC_SUCCESS)
        return shared_failed(function, result);
    block->n_forks = clrc_n_forks();
    block->memory.flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT;
    result = block->is_allocated ? TEEC_AllocateSharedMemory(context, &block->memory)
                                 : TEEC_RegisterSharedMemory(context, &block->memory);
    if (result != TEEC_SUCCESS)
        return shared_failed(function, result);
    ClrcResult noted = insert(block);
    if (noted != CLRC_SUCCESS) {
        TEEC_ReleaseSharedMemory(&block->memory);
        return clrc_fail(function, noted, NULL, NULL);
    }
    return CLRC_SUCCESS;
}

void *clrcSharedAlloc(size_t length)
{
    if (length == 0 || length > TEEC_CONFIG_SHAREDMEM_MAX_SIZE) {
        (void)clrc_fail("clrcSharedAlloc", CLRC_ERROR_TOO_LARGE, NULL,
                        "a block is 1 octet to 64 MiB");
        return NULL;
    }
    struct block *block = calloc(1, sizeof(*block));
    if (block == NULL) {
        (void)clrc_fail("clrcSharedAlloc", CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
        return NULL;
    }
    block->is_allocated = true;
    block->memory.size = length;
    if (share("clrcSharedAlloc", block) != CLRC_SUCCESS) {
        free(block);
        return NULL;
    }
    return block->memory.buffer;
}

void clrcSharedFree(void *buffer)
{
    struct block *block = buffer == NULL ? NULL : take_out(buffer, true);
    if (block == NULL)
        return;
    TEEC_ReleaseSharedMemory(&block->memory);
    free(block);
}

ClrcResult clrcSharedRegister(void *buffer, size_t length)
{
    if (buffer == NULL || length == 0 || length > UINTPTR_MAX - (uintptr_t)buffer)
        return clrc_fail("clrcSharedRegister", CLRC_ERROR_BAD_PARAMETERS, NULL, NULL);
    if (length > TEEC_CONFIG_SHAREDMEM_MAX_SIZE)
        return clrc_fail("clrcSharedRegister", CLRC_ERROR_TOO_LARGE, NULL,
                         "a block is 1 octet to 64 MiB");
    struct block *block = calloc(1, sizeof(*block));
    if (block == NULL)
        return clrc_fail("clrcSharedRegister", CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    block->memory.buffer = buffer;
    block->memory.size = length;
    ClrcResult result = CLRC_ERROR_EXISTS;
    if (is_free(block))
        result = share("clrcSharedRegister", block);
    else
        (void)clrc_fail("clrcSharedRegister", result, NULL, "part of it is registered already");
    if (result != CLRC_SUCCESS)
        free(block);
    return result;
}

ClrcResult clrcSharedUnregister(void *buffer)
{
    struct block *block = take_out(buffer, false);
    if (block == NULL)
        return clrc_fail("clrcSharedUnregister", CLRC_ERROR_NOT_FOUND, NULL,
                         "no registered block starts there");
    TEEC_ReleaseSharedMemory(&block->memory);
    free(block);
    return CLRC_SUCCESS;
}
