/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: one object that says where this device stands, and that everybody passes. Who reads holds it beside others and not
 * for long; who changes what is trusted holds it alone from the first check to the last step, so that nobody sees half a change.
 * A process that dies lets go of it.
 *
 * Octets, little-endian: u32 "KMG1", u32 flags, u64 sequence, u64 generation, u64 floor, u32 length of what is pending, and that.
 * A first form was one octet, 1: sealed.
 */
#ifndef KM_CERTS_GATE_H
#define KM_CERTS_GATE_H

#include "ta/certs/certs.h"

struct km_gate_state {
    bool is_sealed;      /* provisioning has ended */
    bool takes_any;      /* commands without a sequence are obeyed too */
    bool is_numbered;    /* takes_any will never be true again */
    uint64_t sequence;   /* of the last numbered command; 0: none */
    uint64_t generation; /* another one: what is trusted may have changed */
    uint64_t floor;      /* the highest time seen, seconds since 1970 */
    uint32_t
        pending_len; /* of a command that was decided on and perhaps not carried out to its end */
};

struct km_gate {
    TEE_ObjectHandle object;
    struct km_gate_state state;
};

enum km_gate_how { KM_GATE_TOGETHER = 1, KM_GATE_ALONE = 2 };

/*
 * km_gate_open: waits for it, some seconds at most (ACCESS_CONFLICT), making it where it is missing. Who wants it alone goes before
 * readers who come later. Whatever is pending stays so.
 */
TEE_Result km_gate_open(enum km_gate_how how, struct km_gate *ret);
/* km_gate_close: a gate that is not open is left alone. For KM_AUTO. */
void km_gate_close(struct km_gate *gate);
/* km_gate_pending: a copy of what is pending. Returns owned. */
TEE_Result km_gate_pending(struct km_gate *gate, uint8_t **ret, struct km_slice *ret_view);
/* km_gate_save: the state and what is pending from now on (may be empty), in one step. Held alone. */
TEE_Result km_gate_save(struct km_gate *gate, struct km_slice pending);
/* km_gate_done: saves the state, with nothing pending any more, and gives back the room of what was. */
TEE_Result km_gate_done(struct km_gate *gate);

#endif
