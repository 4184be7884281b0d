/* SPDX-License-Identifier: Apache-2.0 */
/* Building and sending payloads of the wire protocol (docs/SPEC.md 3.1). */
#ifndef TSNN_REPLY_H_INCLUDED
#define TSNN_REPLY_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

/* Error codes of SPEC.md 3.3: append only. */
#define TSNN_ERROR_BAD_FRAME 1u
#define TSNN_ERROR_BAD_SEQ 2u
#define TSNN_ERROR_NO_SESSION 3u
#define TSNN_ERROR_BAD_BODY 4u
#define TSNN_ERROR_NO_RESET 5u
#define TSNN_ERROR_BAD_SLOT 6u
#define TSNN_ERROR_BAD_TYPE 7u
#define TSNN_ERROR_MODEL 8u
#define TSNN_ERROR_BAD_VERSION 9u

/** Bytes of an ERROR payload: header, code, detail, checksum. */
#define TSNN_ERROR_BYTES 10u

/** A payload being written. The caller has made sure that everything fits. */
typedef struct {
    uint8_t *data;
    size_t count;
} tsnn_reply_t;

/** Begin a payload in data with its header. */
tsnn_reply_t tsnn_reply_start(uint8_t *data, uint8_t type, uint16_t seq);
/** Append the low 8, 16 or all 32 bits of value, little-endian. */
void tsnn_reply_u8(tsnn_reply_t *reply, uint32_t value);
void tsnn_reply_u16(tsnn_reply_t *reply, uint32_t value);
void tsnn_reply_u32(tsnn_reply_t *reply, uint32_t value);
void tsnn_reply_bytes(tsnn_reply_t *reply, const uint8_t *bytes, size_t count);
/** Append length u8 and text: printable ASCII up to a '(' or max characters. */
void tsnn_reply_text(tsnn_reply_t *reply, const char *text, size_t max);
/** Append the checksum; the length of the whole payload. */
size_t tsnn_reply_seal(tsnn_reply_t *reply);
/** Begin and fill an ERROR payload, TSNN_ERROR_BYTES long once sealed. */
tsnn_reply_t tsnn_reply_error(uint8_t *data, uint16_t seq, uint8_t code, uint32_t detail);
/** Send a sealed payload as one frame. */
void tsnn_reply_send(const uint8_t *payload, size_t length);
/** Send an ERROR that is not kept: the request it answers changed nothing. */
void tsnn_reply_hint(uint16_t seq, uint8_t code, uint32_t detail);

#endif /* TSNN_REPLY_H_INCLUDED */
