/* SPDX-License-Identifier: Apache-2.0 */
#include "tsnn_reply.h"

#include "tsnn_cobs.h"
#include "tsnn_crc32.h"
#include "tsnn_port.h"

#define TSNN_TYPE_ERROR 0xFFu
#define TSNN_REFUSAL_BYTES 3u

#if !defined(__ARM_FEATURE_UNALIGNED)
uint8_t *tsnn_reply_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value & 0xFFu);
    at[1] = (uint8_t)((value >> 8) & 0xFFu);
    return &at[2];
}

uint8_t *tsnn_reply_u32(uint8_t *at, uint32_t value)
{
    return tsnn_reply_u16(tsnn_reply_u16(at, value), value >> 16);
}
#endif

uint8_t *tsnn_reply_bytes(uint8_t *at, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    for (size_t k = 0; k < count; k++) {
        at[k] = from[k];
    }
    return &at[count];
}

uint8_t *tsnn_reply_text(uint8_t *at, const char *text)
{
    size_t count = 0;
    while (count < TSNN_TEXT_MAX && text[count] != '\0') {
        count++;
        at[count] = (uint8_t)text[count - 1u];
    }
    at[0] = (uint8_t)count;
    return &at[count + 1u];
}

size_t tsnn_reply_finish(uint8_t *payload, uint8_t type, uint32_t seq, uint8_t *end)
{
    const size_t covered = (size_t)(end - payload);
    payload[0] = type;
    (void)tsnn_reply_u16(&payload[1], seq);
    (void)tsnn_reply_u32(end, tsnn_crc32(0, payload, covered));
    tsnn_reply_send(payload, covered + TSNN_CRC_BYTES);
    return covered + TSNN_CRC_BYTES;
}

size_t tsnn_reply_error(uint8_t *payload, uint32_t seq, tsnn_refusal_t refusal)
{
    uint8_t *body = &payload[TSNN_HEADER_BYTES];
    (void)tsnn_reply_u32(body, refusal); /* the checksum takes the place of the last byte */
    return tsnn_reply_finish(payload, TSNN_TYPE_ERROR, seq, &body[TSNN_REFUSAL_BYTES]);
}

/** Not to be copied into its callers, whatever the compiler thinks of its size. */
static __attribute__((noinline)) void tsnn_send_byte(uint32_t value)
{
    const uint8_t byte = (uint8_t)value;
    tsnn_port_uart_write(&byte, 1);
}

void tsnn_reply_send(const uint8_t *payload, size_t length)
{
    tsnn_send_byte(0);
    for (;;) {
        const size_t run = tsnn_cobs_run(payload, length);
        tsnn_send_byte((uint32_t)run + 1u);
        tsnn_port_uart_write(payload, run);
        if (run == length) {
            break;
        }
        /* Behind a run that could have been longer lies a zero, which the code byte stands for;
         * one at the very end needs a last, empty run. */
        const size_t taken = run + (size_t)(run < TSNN_COBS_RUN_MAX);
        payload += taken;
        length -= taken;
    }
    tsnn_send_byte(0);
}
