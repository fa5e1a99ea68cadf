/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that commands add, update and delete. One entry for each subject with each key. */
#include "ta/certs/order.h"
#include "ta/certs/stored.h"

#define ADDED_MAX 256u

static struct km_stored_id id_of(const struct km_order *order)
{
    return km_stored_id(KM_STORED_ADDED,
                        KM_SLICE(order->facts.identity, sizeof(order->facts.identity)));
}

TEE_Result km_order_certificate(const struct km_order *order)
{
    if (order->command.body.len > KM_CERTS_DER_MAX)
        return KM_CERTS_E_TOO_LARGE;
    return order->has_facts ? TEE_SUCCESS : TEE_ERROR_BAD_FORMAT;
}

static TEE_Result check_put(const struct km_order *order, bool *ret_is_there)
{
    struct km_stored_id id = id_of(order);
    KM_TRY_TEE(km_order_not_revoked(order));
    KM_TRY_TEE(km_stored_exists(&id, ret_is_there));
    /* All of them are in the memory of every instance that verifies. */
    return *ret_is_there ? TEE_SUCCESS : km_stored_room(KM_STORED_ADDED, ADDED_MAX);
}

static TEE_Result check_add(const struct km_order *order, struct km_gate_state *next)
{
    bool is_there = false;
    (void)next;
    KM_TRY_TEE(check_put(order, &is_there));
    return is_there ? KM_CERTS_E_EXISTS : TEE_SUCCESS;
}

static TEE_Result check_update(const struct km_order *order, struct km_gate_state *next)
{
    bool is_there = false;
    (void)next;
    return check_put(order, &is_there);
}

static TEE_Result put(const struct km_order *order)
{
    struct km_stored_id id = id_of(order);
    return km_stored_put(&id, order->command.body);
}

static TEE_Result check_delete(const struct km_order *order, struct km_gate_state *next)
{
    struct km_stored_id id = id_of(order);
    bool is_there = false;
    (void)next;
    KM_TRY_TEE(km_stored_exists(&id, &is_there));
    return is_there ? TEE_SUCCESS : TEE_ERROR_ITEM_NOT_FOUND;
}

static TEE_Result drop(const struct km_order *order)
{
    struct km_stored_id id = id_of(order);
    return km_stored_drop(&id);
}

const struct km_operation km_op_add = {.has_certificate = true, .check = check_add, .apply = put};
const struct km_operation km_op_update = {
    .has_certificate = true, .check = check_update, .apply = put};
const struct km_operation km_op_delete = {
    .has_certificate = true, .check = check_delete, .apply = drop};
