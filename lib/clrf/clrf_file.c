/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "lib/clrf/clrf_internal.h"

#define MAGIC 0x434c5246u /* "CLRF" */

/* An open file lives in one session, so in one lane of the pool. */
struct clrf_file {
    uint32_t magic;
    uint32_t home;
    uint32_t serial;
    uint32_t id;
    uint32_t flags;
    uint64_t position;
    char name[CLRF_NAME_MAX + 1];
};

static bool is_file(const struct clrf_file *file)
{
    return file != NULL && file->magic == MAGIC;
}

static ClrcResult no_file(const char *function)
{
    return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, "not an open file");
}

/* One command in the session that the file is open in. */
static ClrcResult run_at_home(const char *function, struct clrf_file *file, struct km_call *call)
{
    struct km_pool_lane *lane = km_pool_take_home(&clrf_pool, file->home);
    ClrcResult result = CLRC_ERROR_SERVICE_DIED;
    if (lane->serial != file->serial)
        result = clrf_fail(function, result, file->name, NULL);
    else
        result = clrf_in_lane(function, file->name, lane, call);
    km_pool_give(&clrf_pool, lane);
    return result;
}

static uint64_t number_of(const struct km_call *call, unsigned at)
{
    const TEEC_Value *value = &call->op.params[at].value;
    return (uint64_t)value->b << 32 | value->a;
}

static void set_number(struct km_call *call, unsigned at, uint64_t number)
{
    km_call_value(call, at, (uint32_t)number, (uint32_t)(number >> 32));
}

/* ---- opening and closing ---- */

static ClrcResult open_once(const struct clrf_wish *wish, struct clrf_file *file)
{
    struct km_call call = {.command = KM_STORAGE_CMD_OPEN};
    struct km_pool_lane *lane = NULL;
    ClrcResult result = clrf_lane(wish->function, wish->name, &lane);
    if (result != CLRC_SUCCESS)
        return result;
    km_call_in(&call, 0, wish->octets, wish->len);
    km_call_in(&call, 1, wish->password, wish->password_len);
    km_call_value_out(&call, 2);
    km_call_value_out(&call, 3);
    file->home = lane->index;
    file->serial = lane->serial;
    result = clrf_in_lane(wish->function, wish->name, lane, &call);
    file->id = call.op.params[2].value.a;
    km_pool_give(&clrf_pool, lane);
    return result;
}

ClrcResult clrfOpen(const char *name, uint32_t flags, const ClrfOptions *options, ClrfHandle *file)
{
    static const char function[] = "clrfOpen";
    struct clrf_wish wish = {0};
    if (file == NULL)
        return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, name, "a pointer is NULL");
    ClrcResult result = clrf_wish_set(&wish, function, name, flags, options);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrf_file *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return clrf_fail(function, CLRC_ERROR_OUT_OF_MEMORY, name, NULL);
    made->magic = MAGIC;
    made->flags = flags;
    km_copy(made->name, CLRF_NAME_MAX, name, strlen(name));
    result = open_once(&wish, made);
    /* A file that must not be there may be there by the first attempt. */
    if (result == CLRC_ERROR_SERVICE_DIED && (flags & CLRF_EXCLUSIVE) == 0)
        result = open_once(&wish, made);
    if (result == CLRC_SUCCESS)
        *file = made;
    else
        free(made);
    return result;
}

static void forget(struct clrf_file *file)
{
    file->magic = 0;
    free(file);
}

void clrfClose(ClrfHandle file)
{
    struct km_call call = {.command = KM_STORAGE_CMD_CLOSE};
    if (!is_file(file))
        return;
    km_call_value(&call, 0, file->id, 0);
    (void)run_at_home("clrfClose", file, &call);
    forget(file);
}

ClrcResult clrfCommit(ClrfHandle file)
{
    struct km_call call = {.command = KM_STORAGE_CMD_COMMIT};
    if (!is_file(file))
        return no_file("clrfCommit");
    km_call_value(&call, 0, file->id, 0);
    ClrcResult result = run_at_home("clrfCommit", file, &call);
    if (result == CLRC_SUCCESS)
        forget(file);
    return result;
}

/* ---- contents ---- */

static ClrcResult read_piece(struct clrf_file *file, uint8_t *data, size_t room, size_t *ret_len)
{
    struct km_call call = {.command = KM_STORAGE_CMD_READ};
    km_call_value(&call, 0, file->id, 0);
    set_number(&call, 1, file->position);
    km_call_out(&call, 2, data, room);
    ClrcResult result = run_at_home("clrfRead", file, &call);
    if (result == CLRC_SUCCESS) {
        *ret_len = call.op.params[2].tmpref.size;
        file->position += *ret_len;
    }
    return result;
}

ClrcResult clrfRead(ClrfHandle file, void *data, size_t *length)
{
    size_t done = 0;
    if (!is_file(file))
        return no_file("clrfRead");
    if (length == NULL || (data == NULL && *length != 0))
        return clrf_fail("clrfRead", CLRC_ERROR_BAD_PARAMETERS, file->name, "a pointer is NULL");
    const uint64_t from = file->position;
    do {
        size_t room = *length - done < CLRF_ATOM ? *length - done : CLRF_ATOM;
        size_t len = 0;
        ClrcResult result = read_piece(file, (uint8_t *)data + done, room, &len);
        if (result != CLRC_SUCCESS) {
            file->position = from;
            return result;
        }
        done += len;
        if (len < room)
            break;
    } while (done < *length);
    *length = done;
    return CLRC_SUCCESS;
}

ClrcResult clrfWrite(ClrfHandle file, const void *data, size_t length)
{
    size_t done = 0;
    if (!is_file(file))
        return no_file("clrfWrite");
    if (data == NULL && length != 0)
        return clrf_fail("clrfWrite", CLRC_ERROR_BAD_PARAMETERS, file->name, "a pointer is NULL");
    do {
        struct km_call call = {.command = KM_STORAGE_CMD_WRITE};
        size_t len = length - done < CLRF_ATOM ? length - done : CLRF_ATOM;
        km_call_value(&call, 0, file->id, 0);
        set_number(&call, 1, file->position);
        km_call_in(&call, 2, (const uint8_t *)data + done, len);
        ClrcResult result = run_at_home("clrfWrite", file, &call);
        if (result != CLRC_SUCCESS)
            return result;
        file->position += len;
        done += len;
    } while (done < length);
    return CLRC_SUCCESS;
}

static ClrcResult size_of(const char *function, struct clrf_file *file, uint64_t *ret)
{
    struct km_call call = {.command = KM_STORAGE_CMD_SIZE};
    km_call_value(&call, 0, file->id, 0);
    km_call_value_out(&call, 1);
    ClrcResult result = run_at_home(function, file, &call);
    if (result == CLRC_SUCCESS)
        *ret = number_of(&call, 1);
    return result;
}

ClrcResult clrfSize(ClrfHandle file, uint64_t *size)
{
    if (!is_file(file))
        return no_file("clrfSize");
    if (size == NULL)
        return clrf_fail("clrfSize", CLRC_ERROR_BAD_PARAMETERS, file->name, "a pointer is NULL");
    return size_of("clrfSize", file, size);
}

ClrcResult clrfSeek(ClrfHandle file, int64_t offset, ClrfWhence whence, uint64_t *position)
{
    static const char function[] = "clrfSeek";
    uint64_t size = 0;
    int64_t to = 0;
    if (!is_file(file))
        return no_file(function);
    ClrcResult result = size_of(function, file, &size);
    if (result != CLRC_SUCCESS)
        return result;
    uint64_t base = whence == CLRF_FROM_END ? size : 0;
    if (whence == CLRF_FROM_POSITION)
        base = file->position;
    if (whence > CLRF_FROM_END || __builtin_add_overflow((int64_t)base, offset, &to) || to < 0 ||
        (uint64_t)to > size)
        return clrf_fail(function, CLRC_ERROR_BAD_PARAMETERS, file->name,
                         "the position is not within the file");
    file->position = (uint64_t)to;
    if (position != NULL)
        *position = file->position;
    return CLRC_SUCCESS;
}

ClrcResult clrfTruncate(ClrfHandle file, uint64_t size)
{
    struct km_call call = {.command = KM_STORAGE_CMD_TRUNCATE};
    if (!is_file(file))
        return no_file("clrfTruncate");
    km_call_value(&call, 0, file->id, 0);
    set_number(&call, 1, size);
    ClrcResult result = run_at_home("clrfTruncate", file, &call);
    if (result == CLRC_SUCCESS && file->position > size)
        file->position = size;
    return result;
}
