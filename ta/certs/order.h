/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order: a command that is obeyed. What it changes lies in several objects, and becomes true in one step: the gate's state is
 * saved with the new sequence and the whole command, pending. From then on it counts; it is carried out next, and whoever
 * passes the gate after a process that died in between does it again before anything else. Each step can be done twice.
 */
#ifndef KM_CERTS_ORDER_H
#define KM_CERTS_ORDER_H

#include "format/cert_command.h"
#include "ta/certs/gate.h"
#include "ta/certs/x509.h"

#define KM_COMMAND_CERTIFICATE "com.seqlabs.oem_command_cert"

/* Views of the package it was read from. */
struct km_order {
    struct km_slice package;
    struct km_envelope envelope;
    struct km_cert_command command;
    bool has_facts;
    struct km_x509_facts facts; /* of the certificate in it */
};

/* What an operation is made of. */
struct km_operation {
    bool has_certificate; /* its body has to be one: km_order_certificate */
    /*
     * Whether it can be done now, and what it makes of the state. Reads the store, changes nothing in it. Held alone. Any result
     * of COMMAND.
     */
    TEE_Result (*check)(const struct km_order *order, struct km_gate_state *next);
    /* Does it; again, too. NULL: the state was all. */
    TEE_Result (*apply)(const struct km_order *order);
    /* After an apply that failed: TEE_SUCCESS when the store is as before. NULL: apply changes one object, or nothing. */
    TEE_Result (*undo)(const struct km_order *order);
};

/* authorities.c, revocation.c, pair.c */
extern const struct km_operation km_op_add, km_op_update, km_op_delete;
extern const struct km_operation km_op_revoke, km_op_crl;
extern const struct km_operation km_op_named;

/* km_order_parse: TOO_LARGE, BAD_FORMAT, NOT_SUPPORTED. The signature is not looked at. */
TEE_Result km_order_parse(struct km_slice package, struct km_order *ret);
/*
 * km_order_read: what the certificate in it says; not before the signature is believed. has_facts stays false when it is none, or
 * there is no memory.
 */
void km_order_read(struct km_order *order);
/* km_order_subject: what the audit calls it. */
struct km_slice km_order_subject(const struct km_order *order);
/* km_order_operation: never NULL for an order that was parsed. */
const struct km_operation *km_order_operation(const struct km_order *order);
/*
 * km_order_obey: checks the operation and does it, once km_order_read was called; the gate is held alone, by km_order_enter. A failure changed nothing,
 * but for one: what could neither be done nor undone is pending.
 */
TEE_Result km_order_obey(struct km_gate *gate, const struct km_order *order);

/* km_order_enter: km_gate_open, when nothing is pending any more: what was, is carried out first. */
TEE_Result km_order_enter(enum km_gate_how how, struct km_gate *ret);
/* km_order_settled: passes the gate. */
TEE_Result km_order_settled(void);

/* km_order_certificate: what every operation asks of the certificate that it brings, once read: TOO_LARGE, BAD_FORMAT. */
TEE_Result km_order_certificate(const struct km_order *order);
/* km_order_not_revoked: REVOKED. */
TEE_Result km_order_not_revoked(const struct km_order *order);

#endif
