/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/order.h"

#include "ta/certs/clock.h"

#define YEAR_9999_END 253402300799u

/* ---- operations on the state alone ---- */

static TEE_Result numbers_only(const struct km_order *order, struct km_gate_state *next)
{
    if (order->command.sequence == 0)
        return KM_CERTS_E_NUMBER;
    next->takes_any = false;
    next->is_numbered = true;
    return TEE_SUCCESS;
}

/* One device at a time and never again: it lets what has expired be good again. */
static TEE_Result set_time(const struct km_order *order, struct km_gate_state *next)
{
    if (order->command.sequence == 0)
        return KM_CERTS_E_NUMBER;
    if (order->command.device.len == 0)
        return KM_CERTS_E_OTHER_DEVICE;
    if (order->command.time > YEAR_9999_END)
        return TEE_ERROR_BAD_FORMAT;
    next->floor = order->command.time;
    return TEE_SUCCESS;
}

static const struct km_operation op_numbers_only = {.check = numbers_only};
static const struct km_operation op_set_time = {.check = set_time};

const struct km_operation *km_order_operation(const struct km_order *order)
{
    switch (order->command.operation) {
    case KM_CERT_ADD_AUTHORITY:
        return &km_op_add;
    case KM_CERT_UPDATE_AUTHORITY:
        return &km_op_update;
    case KM_CERT_DELETE_AUTHORITY:
        return &km_op_delete;
    case KM_CERT_ADD_REVOCATION:
        return &km_op_revoke;
    case KM_CERT_ADD_CRL:
        return &km_op_crl;
    case KM_CERT_UPDATE_NAMED:
        return &km_op_named;
    case KM_CERT_NUMBERS_ONLY:
        return &op_numbers_only;
    case KM_CERT_SET_TIME:
        return &op_set_time;
    }
    km_ta_unreached();
}

struct km_slice km_order_subject(const struct km_order *order)
{
    return order->command.name.len != 0
               ? order->command.name
               : KM_SLICE_STR(km_cert_operation_find(order->command.operation)->name);
}

/* ---- reading ---- */

TEE_Result km_order_parse(struct km_slice package, struct km_order *ret)
{
    struct km_order order = {.package = package};
    if (package.len > KM_CERT_COMMAND_MAX)
        return KM_CERTS_E_TOO_LARGE;
    if (!km_envelope_parse(package, KM_CERT_COMMAND_KIND, &order.envelope))
        return TEE_ERROR_BAD_FORMAT;
    const struct km_sign_alg *alg = order.envelope.alg;
    /* Nothing below SHA-256: a command is good for as long as it is not used. */
    if (order.envelope.version != KM_ENVELOPE_VERSION || alg == NULL ||
        alg->family == KM_SIGN_DSA || alg->digest_len < 32)
        return TEE_ERROR_NOT_SUPPORTED;
    if (!km_cert_command_parse(order.envelope.body, &order.command))
        return TEE_ERROR_BAD_FORMAT;
    *ret = order;
    return TEE_SUCCESS;
}

/* ---- obeying ---- */

void km_order_read(struct km_order *order)
{
    order->has_facts = km_x509_read(order->command.body, &order->facts);
}

static void clear(struct km_gate *gate)
{
    /* What can't be written now is written by whoever comes next: he finds it done. */
    (void)km_gate_done(gate);
}

static TEE_Result apply(const struct km_order *order)
{
    const struct km_operation *operation = km_order_operation(order);
    return operation->apply != NULL ? operation->apply(order) : TEE_SUCCESS;
}

static TEE_Result carry_out(struct km_gate *gate, const struct km_order *order,
                            const struct km_gate_state *before)
{
    const struct km_operation *operation = km_order_operation(order);
    TEE_Result result = apply(order);
    if (result == TEE_SUCCESS) {
        clear(gate);
        return TEE_SUCCESS;
    }
    if (operation->undo == NULL || operation->undo(order) == TEE_SUCCESS) {
        gate->state = *before;
        clear(gate);
    }
    return result;
}

TEE_Result km_order_obey(struct km_gate *gate, const struct km_order *order)
{
    const struct km_operation *operation = km_order_operation(order);
    const struct km_gate_state before = gate->state;
    struct km_gate_state next = gate->state;
    km_clock_raise(&next);
    if (operation->has_certificate)
        KM_TRY_TEE(km_order_certificate(order));
    KM_TRY_TEE(operation->check(order, &next));
    if (order->command.sequence != 0)
        next.sequence = order->command.sequence;
    next.generation++;
    gate->state = next;
    bool is_all = operation->apply == NULL;
    TEE_Result result = km_gate_save(gate, is_all ? KM_SLICE(NULL, 0) : order->package);
    return result != TEE_SUCCESS || is_all ? result : carry_out(gate, order, &before);
}

/* ---- after somebody died ---- */

static TEE_Result finish(struct km_gate *gate)
{
    KM_AUTO(km_ta_freep) uint8_t *octets = NULL;
    struct km_slice package = {0};
    struct km_order order = {0};
    KM_TRY_TEE(km_gate_pending(gate, &octets, &package));
    if (km_order_parse(package, &order) != TEE_SUCCESS)
        return TEE_ERROR_CORRUPT_OBJECT;
    km_order_read(&order);
    /* It was one when it was decided on: what can't be read now is for want of memory. */
    if (km_order_operation(&order)->has_certificate && !order.has_facts)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = apply(&order);
    km_audit_name("finish-command", km_order_subject(&order), result);
    KM_TRY_TEE(result);
    return km_gate_done(gate);
}

TEE_Result km_order_enter(enum km_gate_how how, struct km_gate *ret)
{
    for (;;) {
        KM_AUTO(km_gate_close) struct km_gate gate = {0};
        KM_TRY_TEE(km_gate_open(how, &gate));
        if (gate.state.pending_len != 0 && how != KM_GATE_ALONE) {
            km_gate_close(&gate);
            KM_TRY_TEE(km_gate_open(KM_GATE_ALONE, &gate));
        }
        bool is_pending = gate.state.pending_len != 0;
        if (is_pending)
            KM_TRY_TEE(finish(&gate));
        if (how == KM_GATE_TOGETHER && is_pending)
            continue; /* it was held alone */
        *ret = gate;
        gate.object = TEE_HANDLE_NULL;
        return TEE_SUCCESS;
    }
}

TEE_Result km_order_settled(void)
{
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    return km_order_enter(KM_GATE_TOGETHER, &gate);
}
