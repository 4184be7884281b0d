/* SPDX-License-Identifier: Apache-2.0 */
/* Building and sending payloads of the wire protocol (docs/SPEC.md 3.1). A payload is written by
 * passing on where its next byte goes; the caller has made sure that everything fits. */
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

/** Why a request is refused: the body of an ERROR as the low 24 bits of a number; 0: it is not. */
typedef uint32_t tsnn_refusal_t;
#define TSNN_REFUSAL(code, detail) ((code) | ((uint32_t)(detail) << 8))

#define TSNN_HEADER_BYTES 3u /* type u8, seq u16 */
#define TSNN_CRC_BYTES 4u

/** Append the low 16 or all 32 bits of value, or bytes; where the next byte goes. Where a word may
 *  lie anywhere, one store is shorter than a call. */
#if defined(__ARM_FEATURE_UNALIGNED)
static inline uint8_t *tsnn_reply_u16(uint8_t *at, uint32_t value)
{
    (void)__builtin_memcpy(at, &value, 2);
    return &at[2];
}

static inline uint8_t *tsnn_reply_u32(uint8_t *at, uint32_t value)
{
    (void)__builtin_memcpy(at, &value, 4);
    return &at[4];
}
#else
uint8_t *tsnn_reply_u16(uint8_t *at, uint32_t value);
uint8_t *tsnn_reply_u32(uint8_t *at, uint32_t value);
#endif
uint8_t *tsnn_reply_bytes(uint8_t *at, const void *bytes, size_t count);
/** Append length u8 and the first TSNN_TEXT_MAX characters of text. */
uint8_t *tsnn_reply_text(uint8_t *at, const char *text);
#define TSNN_TEXT_MAX 40u

/** Put header and checksum around the body that ends at end, and send it; bytes of it all. */
size_t tsnn_reply_finish(uint8_t *payload, uint8_t type, uint32_t seq, uint8_t *end);
/** Make an ERROR in payload, which has room for 11 bytes, and send it; bytes of it all. */
size_t tsnn_reply_error(uint8_t *payload, uint32_t seq, tsnn_refusal_t refusal);
/** Send a finished payload as one frame. */
void tsnn_reply_send(const uint8_t *payload, size_t length);

#endif /* TSNN_REPLY_H_INCLUDED */
